/** What goes into an analysis, and what comes out of it on the way. */
import type { Dataset } from "../data/dataset.js";
import type { EngineFactory, NetworkState } from "../engine/engine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import type { AnalysisSettings } from "./analysisSettings.js";

/** A point of a landscape, at its place in the grid; null where the surface is not finite. */
export interface LandscapePoint {
  index: number;
  /** Mean over the images: the loss 1/2 |y - yhat|^2, or Q after inference. */
  value: number | null;
  /** Null on the surface of the energy. */
  accuracy: number | null;
}

export type AnalysisEvent =
  | { type: "points"; points: LandscapePoint[] }
  /** Comes last. */
  | { type: "result"; result: object };

export interface AnalysisOptions<Settings extends AnalysisSettings = AnalysisSettings> {
  settings: Settings;
  /** Of the run whose network is looked at. */
  spec: ExperimentSpec;
  /** The network, as its last checkpoint has it. */
  state: NetworkState;
  /** What was kept of its training before that, in the order of training; without theta_0, which the spec gives. */
  earlier: readonly NetworkState[];
  dataset: Dataset;
  engine: EngineFactory;
  /** Points that are stored already. They are handed in again, so that the result is of all. */
  stored: readonly LandscapePoint[];
  /** Awaited between two points: the caller's turn of the event loop. */
  breathe: () => Promise<void>;
  /** May change at any time; takes effect at the next point. */
  control: { readonly threads: number };
}
