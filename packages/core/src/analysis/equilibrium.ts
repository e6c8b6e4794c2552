/** How activities are brought to their equilibrium, whatever inference the run was trained with. */
import type { ExperimentSpec, InferenceSettings } from "../experiment/spec.js";
import { SMOOTH_ACTIVATIONS } from "../experiment/vocabulary.js";

/** Two iterations leave an excess of Q below 1e-4 on trained networks; more are for odd places. */
const OUTER_ITERATIONS = 8;
const TOLERANCE = 1e-6;

/** By Gauss-Newton; activations that are not smooth settle by gradient steps alone. */
export const equilibriumOf = ({ activation, inference }: ExperimentSpec): InferenceSettings => {
  if (!SMOOTH_ACTIVATIONS.includes(activation)) {
    return { ...inference, updateEvery: inference.steps };
  }
  return {
    ...inference,
    method: "gauss_newton",
    updateEvery: inference.steps,
    tolerance: TOLERANCE,
    outerIterations: OUTER_ITERATIONS,
    solver: "cg",
    solverTolerance: 1e-3,
  };
};
