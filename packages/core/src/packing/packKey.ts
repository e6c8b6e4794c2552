/** Which runs may train in one pack. */
import { networkShapeOf } from "../training/engineOptions.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { canonicalJson } from "../validation/canonicalJson.js";

/**
 * Runs with equal keys may share an engine; null for a run that shares nothing (`timing: exclusive`).
 *
 * One engine holds networks of one shape and minibatches of one size, in the precision and instruction set that its id
 * names. Members take their minibatches together, each waiting for the slowest, so that they must also have the same
 * steps to do in one: backpropagation beside 256 activity steps would take as long as those. Seeds, rates, variances,
 * decay, the relaxed conditions, the length of the run and its data set are each member's own.
 */
export const packKeyOf = (spec: ExperimentSpec, engineId: string): string | null => {
  if (spec.timing === "exclusive") return null;
  return canonicalJson({
    engine: engineId,
    shape: networkShapeOf(spec),
    batchSize: spec.batchSize,
    steps: stepsOf(spec),
  });
};

/** The steps of a minibatch that take the time. */
const stepsOf = ({ algorithm, inference }: ExperimentSpec): object => {
  if (algorithm === "bp") return { rule: "bp" };
  const { method, steps, outerIterations, solver } = inference;
  return outerIterations === null ? { method, steps } : { method, outerIterations, solver };
};
