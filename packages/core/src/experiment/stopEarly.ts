/** The `stop_early` of a sweep's body, and what its rungs ask of the sweep's runs. */
import { type Halving, rungsOf } from "../search/halving.js";
import { isEvaluationPoint } from "../training/evaluationPoints.js";
import { checkAgainst } from "../validation/check.js";
import type { Problem } from "../validation/problem.js";
import { minibatchesPerEpoch } from "./parseSpec.js";
import type { ExperimentSpec } from "./spec.js";
import { stopEarlySchema } from "./sweepSchema.js";

/** Null for a body without, and for one that is wrong, which the body's shape tells of. */
export const readStopEarly = (stopEarly: unknown): Halving | null => {
  if (stopEarly === undefined) return null;
  const checked = checkAgainst(stopEarlySchema, stopEarly);
  if (!checked.ok) return null;
  const { metric, min_epochs, reduction_factor } = checked.value.asha;
  return { metric, minEpochs: min_epochs, reductionFactor: reduction_factor };
};

/** Why a run cannot be stopped at the rungs, each kind of problem once, at the place in the sweep's body. */
export const rungProblems = (halving: Halving, specs: readonly ExperimentSpec[]): Problem[] => {
  const problems = new Map<string, Problem>();
  for (const spec of specs) {
    const problem = rungProblem(halving, spec);
    if (problem !== null && !problems.has(problem.detail)) problems.set(problem.detail, problem);
  }
  return [...problems.values()];
};

const rungProblem = (halving: Halving, spec: ExperimentSpec): Problem | null => {
  const { epochs, evaluateEvery } = spec;
  if (epochs === null) {
    return {
      pointer: "#/stop_early/asha",
      code: "conflict",
      detail: "asha counts epochs; give the runs epochs instead of weight_updates",
    };
  }
  if (halving.minEpochs >= epochs) {
    return {
      pointer: "#/stop_early/asha/min_epochs",
      code: "maximum",
      got: halving.minEpochs,
      allowed: `< ${epochs}`,
      detail: `min_epochs must be less than the ${epochs} epochs of a run, or nothing is stopped early`,
    };
  }
  const perEpoch = minibatchesPerEpoch(spec);
  const unseen = rungsOf(halving, epochs).find(
    (rung) => !isEvaluationPoint(rung * perEpoch, perEpoch, evaluateEvery),
  );
  if (unseen === undefined) return null;
  return {
    pointer: "#/stop_early/asha/min_epochs",
    code: "conflict",
    got: halving.minEpochs,
    detail:
      `the runs are compared after ${unseen} epochs, and with evaluate_every ${evaluateEvery} they are not evaluated ` +
      "there; leave evaluate_every out, or choose min_epochs and reduction_factor to meet it",
  };
};

/** Runs are selected by what they predict of the validation images. */
export const validationProblems = (specs: readonly ExperimentSpec[]): Problem[] =>
  specs.some(({ validationSize }) => validationSize === 0)
    ? [
        {
          pointer: "#/base/validation_size",
          code: "minimum",
          got: 0,
          allowed: ">= 1",
          detail: "a search selects runs by their validation images; validation_size must be >= 1",
        },
      ]
    : [];
