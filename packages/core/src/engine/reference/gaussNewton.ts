/**
 * Inference by dual Gauss-Newton (docs/EQUATIONS.md): the state is the hidden layers' errors, zero at first, and the
 * activities follow from them. An iteration linearises yhat along the present path and moves to the equilibrium of that
 * linear network, which is the whole way where the network is linear.
 */
import type { InferenceSettings } from "../../experiment/spec.js";
import { solveByConjugateGradients } from "./conjugateGradients.js";
import { solveDense } from "./denseSolver.js";
import { quadraticEnergyPerSample } from "./energy.js";
import { computeErrors, rollForward } from "./inference.js";
import { applyJacobians, applyTransposedJacobians } from "./jacobian.js";
import type { Layer } from "./layer.js";
import { type PhaseOptions, hasSettled } from "./phase.js";

/** A step that was halved this often moves nothing worth another try. */
const MAX_HALVINGS = 20;
/** At the equilibrium Q stands still but for the order of its sums: such a rise, relative to Q, is none. */
const ROUNDING = 1e-12;

/**
 * Runs the phase from a forward pass, which the caller has done; one weight update follows the last iteration.
 *
 * @returns the outer iterations taken
 */
export const runGaussNewton = ({
  layers,
  samples,
  settings,
  beforeStep,
  update,
}: PhaseOptions): number => {
  const { outerIterations, tolerance } = settings.inference;
  if (outerIterations === null) throw new Error("gauss_newton without outerIterations");
  computeErrors(layers, samples);
  for (let iteration = 1; ; iteration++) {
    beforeStep?.();
    const before = quadraticEnergyPerSample(layers, samples);
    iterate(layers, samples, settings.inference, before);
    const settled = tolerance > 0 && hasSettled(layers, samples, before, tolerance);
    if (iteration < outerIterations && !settled) continue;
    update(true);
    return iteration;
  }
};

/** A hidden layer's errors before the iteration, and the whole step: Sigma_l * J_l^T lambda - eps_l. Both [B x N_l]. */
interface ErrorStep {
  layer: Layer;
  start: Float64Array;
  step: Float64Array;
}

const iterate = (
  layers: Layer[],
  samples: number,
  inference: InferenceSettings,
  before: Float64Array,
): void => {
  const b = rightHandSide(layers, samples);
  const lambda =
    inference.solver === "dense"
      ? solveDense(layers, b, samples)
      : solveByConjugateGradients(layers, b, samples, inference.solverTolerance ?? 0);
  applyTransposedJacobians(layers, lambda, samples);
  const steps = layers.slice(0, -1).map((layer): ErrorStep => {
    const { eps, pull, variance, units } = layer;
    const start = eps.slice(0, samples * units);
    return { layer, start, step: start.map((e, at) => variance[at % units] * pull[at] - e) };
  });
  backtrack(layers, steps, samples, before);
};

/**
 * r_k + sum_{l<L} J_l eps_l, [B x N_L]. Without the sum the equilibrium is no fixed point: from the second iteration on
 * the errors would be asked to explain only what they have left unexplained.
 */
const rightHandSide = (layers: Layer[], samples: number): Float64Array => {
  const b = applyJacobians(
    layers,
    layers.map(({ eps }) => eps),
    samples,
  );
  const { eps: r } = layers[layers.length - 1];
  for (let at = 0; at < b.length; at++) b[at] += r[at];
  return b;
};

/**
 * eps_l <- eps_l + t step_l, t = 1 at first and halved for each sample whose Q would rise, or would not be finite; a
 * sample that finds no such t keeps its errors. Leaves the activities rolled forward.
 */
const backtrack = (
  layers: Layer[],
  steps: ErrorStep[],
  samples: number,
  before: Float64Array,
): void => {
  let open = Array.from({ length: samples }, (_, sample) => sample);
  for (let halvings = 0, t = 1; open.length > 0; halvings++, t /= 2) {
    const taken = halvings <= MAX_HALVINGS ? t : 0;
    for (const sample of open) moveErrors(steps, sample, taken);
    rollForward(layers, samples);
    if (taken === 0) return;
    const energies = quadraticEnergyPerSample(layers, samples);
    open = open.filter((sample) => !(energies[sample] <= before[sample] * (1 + ROUNDING)));
  }
};

const moveErrors = (steps: ErrorStep[], sample: number, t: number): void => {
  for (const { layer, start, step } of steps) {
    const first = sample * layer.units;
    // Without a step the errors are copied: zero times a step that is not finite would be NaN.
    for (let at = first; at < first + layer.units; at++) {
      layer.eps[at] = t === 0 ? start[at] : start[at] + t * step[at];
    }
  }
};
