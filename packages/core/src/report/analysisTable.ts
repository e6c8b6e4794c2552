/** What the analyses found of each model, mean and spread over seeds: the numbers behind figures and claims. */
import { estimateMean, summarise } from "../analysis/statistics.js";
import {
  cosineWithBp,
  deepMovement,
  excessEnergy,
  meanGaussianDistance,
  negativeCurvature,
  rise,
} from "./claims/quantities.js";
import { modelGroups } from "./modelGroups.js";
import type { Measure } from "./modelTable.js";
import type { RunResult } from "./runResult.js";

interface Column {
  title: string;
  of: (run: RunResult) => number | null;
}

const curvatureOf = (run: RunResult) =>
  run.analyses.find((one) => one.kind === "curvature")?.result;

/** Each in the unit that its title names. */
export const ANALYSIS_COLUMNS: readonly Column[] = [
  { title: "points of negative curvature (%)", of: negativeCurvature.of },
  { title: "rise of the loss at distance 1", of: rise.of },
  {
    title: "largest eigenvalue of the Hessian",
    of: (run) => curvatureOf(run)?.largest?.value ?? null,
  },
  { title: "smallest", of: (run) => curvatureOf(run)?.smallest?.value ?? null },
  { title: "distance to the Gaussian, mean over layers", of: meanGaussianDistance.of },
  { title: "relative movement of layers 2 to 4", of: deepMovement.of },
  { title: "excess of Q after the phase (%)", of: excessEnergy.of },
  {
    title: "condition 1, share of samples",
    of: ({ analyses }) =>
      analyses.find((one) => one.kind === "phase")?.result.condition_1.share ?? null,
  },
  { title: "cosine with BP's update", of: cosineWithBp.of },
];

export interface AnalysisTableRow {
  label: string;
  /** In the order of the columns. */
  values: Measure[];
}

/** Models without any analysis are left out. */
export const analysisTable = (runs: readonly RunResult[]): AnalysisTableRow[] =>
  modelGroups(runs)
    .map(({ label, succeeded }) => ({
      label,
      values: ANALYSIS_COLUMNS.map(({ of }) => {
        const found = succeeded.flatMap((run) => of(run) ?? []);
        return { ...estimateMean(found), standardDeviation: summarise(found).standardDeviation };
      }),
    }))
    .filter(({ values }) => values.some(({ n }) => n > 0));
