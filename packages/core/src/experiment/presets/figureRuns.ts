/** Which runs each figure of the paper is made of, and which analyses of their trained networks. */
import type { AnalysisWire } from "../../analysis/analysisSettings.js";
import type { PartialSpecWire } from "../sweepSchema.js";
import { ALGORITHMS } from "../vocabulary.js";
import { FIGURE_NAMES, type FigureName, type PresetName, type PresetScale } from "./presetNames.js";
import { SCALES, type ScaleSettings } from "./scales.js";

/** A figure; or `trajectories` and `claims`, for what the report tells and no figure of the paper shows. */
export type FigurePart = FigureName | "trajectories" | "claims";

export interface FigureRuns {
  figure: FigurePart;
  /** In the wire form; two figures may want the same run. */
  runs: PartialSpecWire[];
  /** Of each of the runs. */
  analyses: AnalysisWire[];
}

/** The paper calls the decay's value sensitive: it is drawn over a grid, 1e-6 being the paper's own. */
export const WEIGHT_DECAYS = [0, 1e-6, 1e-5, 1e-4, 1e-3] as const;

export const figureRunsOf = (preset: PresetName, scale: PresetScale): FigureRuns[] => {
  const settings = SCALES[scale];
  if (preset !== "paper") return [figureRuns(preset, settings)];
  return [
    ...FIGURE_NAMES.map((figure) => figureRuns(figure, settings)),
    {
      figure: "trajectories",
      runs: fashionRuns(settings).filter(({ keep_checkpoints }) => keep_checkpoints !== undefined),
      analyses: [{ ...settings.landscape, directions: "principal" as const }],
    },
    {
      figure: "claims",
      runs: fashionRuns(settings).filter(({ algorithm }) => algorithm !== "bp"),
      analyses: [{ kind: "phase" }, { kind: "alignment" }],
    },
  ];
};

const figureRuns = (figure: FigureName, settings: ScaleSettings): FigureRuns => {
  switch (figure) {
    // Accuracy and training time: times compare only between runs that had the worker to themselves.
    case "figure-2":
      return {
        figure,
        runs: modelRuns(settings).map((run) => ({ ...run, timing: "exclusive" as const })),
        analyses: [],
      };
    // Learning curves come from the metrics alone.
    case "figure-3":
      return { figure, runs: modelRuns(settings), analyses: [] };
    case "figure-4":
      return {
        figure,
        runs: fashionRuns(settings),
        analyses: [settings.landscape, settings.curvature],
      };
    case "figure-5":
      return { figure, runs: fashionRuns(settings), analyses: [{ kind: "weights" }] };
    case "figure-6":
      return { figure, runs: decayRuns(settings), analyses: [{ kind: "weights" }] };
    case "figure-7":
      return { figure, runs: decayRuns(settings), analyses: [settings.landscape] };
  }
};

const modelRuns = (settings: ScaleSettings): PartialSpecWire[] =>
  settings.networks.flatMap((network) =>
    ALGORITHMS.flatMap((algorithm) =>
      settings.seeds.map((seed) => ({
        ...settings.base,
        ...network,
        algorithm,
        seed,
        ...(network.dataset === "fashion-mnist" ? keptOf(seed, settings) : {}),
      })),
    ),
  );

/** One seed's way is enough to see, and a large network's checkpoints are large. */
const keptOf = (seed: number, { seeds, keepCheckpoints }: ScaleSettings): PartialSpecWire =>
  seed === seeds[0] ? { keep_checkpoints: keepCheckpoints } : {};

/** Landscapes and weights are looked at on one data set: MNIST is there to compare accuracies. */
const fashionRuns = (settings: ScaleSettings): PartialSpecWire[] =>
  modelRuns(settings).filter(({ dataset }) => dataset === "fashion-mnist");

/** At one width: at every width the grid would take as long as all models together. */
const decayRuns = (settings: ScaleSettings): PartialSpecWire[] =>
  WEIGHT_DECAYS.flatMap((decay) =>
    settings.seeds.map((seed) => ({
      ...settings.base,
      ...settings.networks[0],
      ...keptOf(seed, settings),
      algorithm: "pc_rc23" as const,
      weight_decay: decay,
      variance_decay: decay,
      seed,
    })),
  );
