/** What a report knows of a run: its spec, what it measured, and what its analyses found. */
import type { AlignmentResult } from "../analysis/analyseAlignment.js";
import type { CurvatureResult } from "../analysis/analyseCurvature.js";
import type { LandscapeResult } from "../analysis/analyseLandscape.js";
import type { WeightsResult } from "../analysis/analyseWeights.js";
import type {
  AlignmentSettings,
  CurvatureSettings,
  LandscapeSettings,
  PhaseSettings,
  WeightsSettings,
} from "../analysis/analysisSettings.js";
import type { PhaseConvergence } from "../analysis/phaseConvergence.js";
import type { RunReason, RunState } from "../experiment/runState.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import type { MetricRow } from "../training/events.js";

export interface RunResult {
  id: string;
  /** Place in the sweep, from 0. */
  index: number;
  name: string;
  spec: ExperimentSpec;
  state: RunState;
  reason: RunReason | null;
  reasonDetail: string | null;
  engine: string | null;
  /** Those of the whole network (`layer` null), of all evaluations so far, in the order of training. */
  metrics: readonly MetricRow[];
  /** That have succeeded, in the order of submission. */
  analyses: readonly AnalysisFinding[];
}

export type AnalysisFinding =
  | {
      kind: "landscape";
      settings: LandscapeSettings;
      result: LandscapeResult;
      /** The grid's, the last axis varying fastest; null where not finite. */
      values: readonly (number | null)[];
    }
  | { kind: "weights"; settings: WeightsSettings; result: WeightsResult }
  | { kind: "phase"; settings: PhaseSettings; result: PhaseConvergence }
  | { kind: "alignment"; settings: AlignmentSettings; result: AlignmentResult }
  | { kind: "curvature"; settings: CurvatureSettings; result: CurvatureResult };
