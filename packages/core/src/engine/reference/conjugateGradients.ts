/**
 * S lambda = b by preconditioned conjugate gradients (Golub and Van Loan, Matrix Computations, 11.5): a sample's S is
 * never formed, and a step costs one backward and one forward sweep. Each sample stops on its own, by its solver
 * residual; a fixed count would leave a different share of each sample's error unexplained, which ruins plain pc.
 *
 * Samples of one minibatch have nearly the same S, so that the mean over a few of them preconditions all.
 */
import { choleskyFactor, solveFactored } from "./cholesky.js";
import type { Layer } from "./layer.js";
import { addOutputCovariance, applyOutputCovariance, jacobianRows } from "./outputCovariance.js";

/** Their mean S is the preconditioner: all 64 samples save no step that three do not. */
const PRECONDITIONER_SAMPLES = 3;

/**
 * Exact arithmetic ends within N_L steps; rounding may ask for more in an ill-conditioned system, and a tolerance below
 * rounding would never be met.
 */
const stepLimit = (outputs: number): number => 2 * outputs + 10;

/** lambda [B x N_L] with |b - S lambda| <= tolerance |b| for every sample, unless the limit of steps came first. */
export const solveByConjugateGradients = (
  layers: Layer[],
  b: Float64Array,
  samples: number,
  tolerance: number,
): Float64Array => {
  const outputs = layers[layers.length - 1].units;
  const factor = meanFactor(layers, samples);
  const preconditioned = (vectors: Float64Array): Float64Array => {
    const solved = vectors.slice();
    for (let sample = 0; sample < samples; sample++) {
      solveFactored(factor, solved, sample * outputs, outputs);
    }
    return solved;
  };
  const lambda = new Float64Array(samples * outputs);
  const residual = b.slice(0, samples * outputs);
  const limit = rowDots(residual, residual, samples).map((square) => tolerance ** 2 * square);
  let direction = preconditioned(residual);
  let slope = rowDots(residual, direction, samples);
  for (let step = 0; step < stepLimit(outputs); step++) {
    const square = rowDots(residual, residual, samples);
    const isOpen = Array.from(square, (value, sample) => value > limit[sample]);
    if (!isOpen.includes(true)) break;
    const product = applyOutputCovariance(layers, direction, samples);
    const curvature = rowDots(direction, product, samples);
    for (let at = 0; at < lambda.length; at++) {
      const sample = Math.floor(at / outputs);
      if (!isOpen[sample]) continue;
      lambda[at] += (slope[sample] / curvature[sample]) * direction[at];
      residual[at] -= (slope[sample] / curvature[sample]) * product[at];
    }
    const next = preconditioned(residual);
    const nextSlope = rowDots(residual, next, samples);
    const previous = direction;
    direction = next.map((value, at) => {
      const sample = Math.floor(at / outputs);
      return value + (nextSlope[sample] / slope[sample]) * previous[at];
    });
    slope = nextSlope;
  }
  return lambda;
};

/** The Cholesky factor of the mean S of the minibatch's first samples, [N_L x N_L]. */
const meanFactor = (layers: Layer[], samples: number): Float64Array => {
  const count = Math.min(samples, PRECONDITIONER_SAMPLES);
  const outputs = layers[layers.length - 1].units;
  const mean = new Float64Array(outputs * outputs);
  const rows = jacobianRows(layers, count);
  for (let sample = 0; sample < count; sample++) addOutputCovariance(mean, layers, rows, sample);
  return choleskyFactor(
    mean.map((value) => value / count),
    outputs,
  );
};

/** The inner product of each sample's two rows, [B]. */
const rowDots = (left: Float64Array, right: Float64Array, samples: number): Float64Array => {
  const units = left.length / samples;
  const dots = new Float64Array(samples);
  for (let at = 0; at < left.length; at++) dots[Math.floor(at / units)] += left[at] * right[at];
  return dots;
};
