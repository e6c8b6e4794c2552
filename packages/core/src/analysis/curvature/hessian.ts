/**
 * The curvature of the mean feed-forward loss in the weights, from an engine's gradients. The Hessian H itself is never
 * formed: a product with it is a central difference of two gradients, H v = (g(theta + t v) - g(theta - t v)) / 2t. Biases
 * and variances stay as they are: H is the block of the weights.
 */
import type { Engine, ExampleSet, NetworkState, Values } from "../../engine/engine.js";
import { norm } from "../../engine/norms.js";
import { displaced } from "../landscapeGrid.js";
import { type ExtremeEigenvalues, extremeEigenvalues } from "./lanczos.js";

export interface HessianOptions {
  /** Its replica 0 is overwritten. */
  engine: Engine;
  /** Where the curvature is asked for. */
  state: NetworkState;
  examples: ExampleSet;
  /** Samples of one gradient, at most as many as the engine was made for. */
  batchSize: number;
  /** Awaited after each minibatch: the caller's turn of the event loop. */
  breathe: () => Promise<void>;
}

/**
 * |t v| as a share of |theta|, about the cube root of the precision: there the difference's truncation (t^2) and the
 * gradients' rounding (1/t) are of one size.
 */
const RELATIVE_STEP = { float32: 4e-3, float64: 6e-6 } as const;

/** Lanczos residuals below these would be of the gradients' rounding, not of the Hessian. */
const TOLERANCE = { float32: 1e-3, float64: 1e-6 } as const;

/** All weights, [sum of N_l x N_{l-1}], layer after layer, each row-major. */
export const hessianSize = (state: NetworkState): number =>
  state.layers.reduce((sum, { weights }) => sum + weights.length, 0);

/**
 * H v of the mean loss over all the examples, [hessianSize].
 *
 * @param v [hessianSize], of any length; the step along it does not depend on that
 */
export const hessianVectorProduct = async (
  options: HessianOptions,
  v: Float64Array,
): Promise<Float64Array> => {
  const { engine, state } = options;
  const length = norm(v);
  if (length === 0) return new Float64Array(v.length);
  // A network of zeros has no scale of its own; 1 is that of any initialisation.
  const scale = Math.hypot(...state.layers.map(({ weights }) => norm(weights))) || 1;
  const t = (RELATIVE_STEP[engine.precision] * scale) / length;
  const direction = split(v, state);
  const gradientAt = (coordinate: number): Promise<Float64Array> =>
    meanGradient(options, displaced(state, [direction], [coordinate]));
  const ahead = await gradientAt(t);
  const behind = await gradientAt(-t);
  return ahead.map((value, i) => (value - behind[i]) / (2 * t));
};

/**
 * The smallest and the largest eigenvalue of H by Lanczos, two gradients over all the examples a step. In single precision
 * rounding hides eigenvalues that are a thousand times smaller than the largest.
 *
 * @returns null where a gradient is not finite
 */
export const extremeCurvatures = (
  options: HessianOptions,
  { seed, steps }: { seed: number; steps: number },
): Promise<ExtremeEigenvalues | null> =>
  extremeEigenvalues({
    size: hessianSize(options.state),
    apply: (v) => hessianVectorProduct(options, v),
    seed,
    maxSteps: steps,
    tolerance: TOLERANCE[options.engine.precision],
  });

/** Engines give sums over a minibatch; those of all minibatches over the count are the mean's. */
const meanGradient = async (
  { engine, examples, batchSize, breathe }: HessianOptions,
  state: NetworkState,
): Promise<Float64Array> => {
  await engine.loadState(0, state);
  const gradient = new Float64Array(hessianSize(state));
  for (let first = 0; first < examples.count; first += batchSize) {
    const samples = Math.min(batchSize, examples.count - first);
    const indices = Uint32Array.from({ length: samples }, (_, offset) => first + offset);
    const layers = await engine.gradients(0, { examples, indices }, "bp");
    addLayers(gradient, layers);
    await breathe();
  }
  return gradient.map((value) => value / examples.count);
};

const addLayers = (sum: Float64Array, layers: readonly { weights: Values }[]): void => {
  let at = 0;
  for (const { weights } of layers) {
    for (let i = 0; i < weights.length; i++, at++) sum[at] += weights[i];
  }
};

/** Views of the vector, one a layer. */
const split = (v: Float64Array, { layers }: NetworkState): Float64Array[] => {
  let first = 0;
  return layers.map(({ weights }) => {
    const view = v.subarray(first, first + weights.length);
    first += weights.length;
    return view;
  });
};
