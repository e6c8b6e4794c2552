/**
 * One weight layer of the reference engine: its parameters, and the arrays that a minibatch runs through.
 *
 * Both node conventions are one set of equations (docs/EQUATIONS.md):
 *   a_l = theta_l phi(x_{l-1}) + b_l,  mu_l = g_l(a_l)
 * `mba`: phi is the identity and g_l = f.  `amb`: phi = f (but for the clamped input, x_0 itself) and g_l the identity.
 * In both, g_L is the output activation.
 *
 * Dimensions: B batch, N_l units, N_{l-1} inputs. Arrays of samples are row-major [B x units].
 */
import type { ActivationName } from "../../experiment/vocabulary.js";
import { ACTIVATION_FUNCTIONS, type Activation } from "../activations.js";
import type { NetworkShape } from "../engine.js";
import type { DoubleMoments } from "../optimisers.js";

/** One parameter tensor with what belongs to it. */
export interface Parameter {
  values: Float64Array;
  /** The last gradient: +dE/dparameter, or of the loss. */
  gradient: Float64Array;
  moments: DoubleMoments;
}

export interface Layer {
  /** l, 1..L. */
  number: number;
  isOutput: boolean;
  inputs: number;
  units: number;

  /** theta_l, [N_l x N_{l-1}]. */
  weights: Parameter;
  bias: Parameter | null;
  /** s_l = ln Sigma_l. */
  logVariance: Parameter;
  /** Sigma_l and pi_l = 1 / Sigma_l, which follow from s_l. */
  variance: Float64Array;
  precision: Float64Array;

  /** x_l: free for l < L, the target for l = L. */
  x: Float64Array;
  /** x_{l-1}: the layer below's x, or the clamped input. */
  below: Float64Array;
  /** phi(x_{l-1}) and phi'; without a phi, `input` is `below` itself and the slope is not there. */
  phi: Activation | null;
  input: Float64Array;
  inputSlope: Float64Array | null;
  /** g_l, mu_l and g_l'(a_l); without a g, mu_l is a_l. */
  g: Activation | null;
  mu: Float64Array;
  slope: Float64Array | null;
  /** eps_l = x_l - mu_l. */
  eps: Float64Array;
  /** h_l = g_l'(a_l) pi_l eps_l; for BP -dLoss/da_l. */
  h: Float64Array;
  /** phi'(x_l) theta_{l+1}^T h_{l+1}: what the layer above pulls x_l by. None for the output. */
  pull: Float64Array;
}

const functionOf = (name: ActivationName): Activation | null =>
  name === "identity" ? null : ACTIVATION_FUNCTIONS[name];

export const createLayers = (shape: NetworkShape, batchSize: number): Layer[] => {
  const input = new Float64Array(batchSize * shape.sizes[0]);
  const layers: Layer[] = [];
  for (let number = 1; number < shape.sizes.length; number++) {
    const below = layers.at(-1)?.x ?? input;
    layers.push(createLayer({ shape, number, batchSize, below }));
  }
  return layers;
};

const createLayer = (options: {
  shape: NetworkShape;
  number: number;
  batchSize: number;
  below: Float64Array;
}): Layer => {
  const { shape, number, batchSize, below } = options;
  const inputs = shape.sizes[number - 1];
  const units = shape.sizes[number];
  const isOutput = number === shape.sizes.length - 1;
  const f = functionOf(shape.activation);
  const phi = shape.node === "amb" && number > 1 ? f : null;
  const hidden = shape.node === "mba" ? f : null;
  const g = isOutput ? functionOf(shape.outputActivation) : hidden;
  const samples = () => new Float64Array(batchSize * units);
  return {
    number,
    isOutput,
    inputs,
    units,
    weights: createParameter(units * inputs),
    bias: shape.bias ? createParameter(units) : null,
    logVariance: createParameter(units),
    variance: new Float64Array(units).fill(1),
    precision: new Float64Array(units).fill(1),
    x: samples(),
    below,
    phi,
    input: phi === null ? below : new Float64Array(batchSize * inputs),
    inputSlope: phi === null ? null : new Float64Array(batchSize * inputs),
    g,
    mu: samples(),
    slope: g === null ? null : samples(),
    eps: samples(),
    h: samples(),
    pull: samples(),
  };
};

const createParameter = (length: number): Parameter => ({
  values: new Float64Array(length),
  gradient: new Float64Array(length),
  moments: {},
});

/** To be called whenever s_l has changed. */
export const refreshVariance = (layer: Layer): void => {
  for (let i = 0; i < layer.units; i++) {
    layer.variance[i] = Math.exp(layer.logVariance.values[i]);
    layer.precision[i] = Math.exp(-layer.logVariance.values[i]);
  }
};
