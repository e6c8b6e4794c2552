/** What each scale trains on, for how long, and how closely the trained networks are looked at. */
import type { AnalysisWire } from "../../analysis/analysisSettings.js";
import type { PartialSpecWire } from "../sweepSchema.js";
import type { DatasetName } from "../vocabulary.js";
import type { PresetScale } from "./presetNames.js";

export interface ScaleSettings {
  /** The networks of the figures that compare models; the first has the data set and width of the weight-decay figures. */
  networks: readonly { dataset: DatasetName; width: number }[];
  seeds: readonly number[];
  /** Fields of every run. What is not here is the spec's default, the learning rates of docs/EQUATIONS.md among it. */
  base: PartialSpecWire;
  /** Of the first seed's runs on Fashion-MNIST: for the way of training, and alignment over it. */
  keepCheckpoints: number;
  landscape: Extract<AnalysisWire, { kind: "landscape" }>;
  curvature: AnalysisWire;
}

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);

export const SCALES: Record<PresetScale, ScaleSettings> = {
  // Enough to see that everything runs; one seed decides nothing.
  smoke: {
    networks: [{ dataset: "fashion-mnist", width: 64 }],
    seeds: seeds(1),
    base: { train_size: 3200, validation_size: 1000, test_size: 2000, epochs: 1 },
    keepCheckpoints: 2,
    landscape: { kind: "landscape", resolution: 11, examples: 200 },
    curvature: { kind: "curvature", examples: 200, steps: 20 },
  },
  // Landscapes of fewer points and images than the defaults: at those they would take as long as the training.
  short: {
    networks: [
      { dataset: "fashion-mnist", width: 64 },
      { dataset: "fashion-mnist", width: 256 },
      { dataset: "mnist", width: 64 },
    ],
    seeds: seeds(3),
    base: { train_size: 20_000, epochs: 5 },
    keepCheckpoints: 4,
    landscape: { kind: "landscape", resolution: 31, examples: 1000 },
    curvature: { kind: "curvature", examples: 1000 },
  },
  // Adam and not adamw: decoupled decay times a rate of 1e-5 would make the weight-decay figures flat by construction.
  full: {
    networks: [
      { dataset: "fashion-mnist", width: 256 },
      { dataset: "fashion-mnist", width: 1024 },
      { dataset: "mnist", width: 256 },
      { dataset: "mnist", width: 1024 },
    ],
    seeds: seeds(5),
    base: { epochs: 25, schedule: { warmup_cosine: { warmup: 0.05, final: 0 } } },
    keepCheckpoints: 4,
    landscape: { kind: "landscape" },
    curvature: { kind: "curvature" },
  },
};
