/**
 * Predictions, errors and the activity step of predictive coding, line by line (docs/EQUATIONS.md). All functions work on
 * the first `samples` rows of the layers' arrays.
 */
import type { Layer } from "./layer.js";
import { productAB, productABt } from "./matrix.js";

/** a_l = theta_l phi(x_{l-1}) + b_l, mu_l = g_l(a_l), from the present x_{l-1}. */
export const predict = (layer: Layer, samples: number): void => {
  const { inputs, units, mu } = layer;
  if (layer.phi !== null && layer.inputSlope !== null) {
    layer.phi(layer.below, layer.input, layer.inputSlope, samples * inputs);
  }
  productABt(mu, layer.input, layer.weights.values, { m: samples, n: units, k: inputs });
  if (layer.bias !== null) addToEveryRow(mu, layer.bias.values, samples);
  if (layer.g !== null && layer.slope !== null) layer.g(mu, mu, layer.slope, samples * units);
};

const addToEveryRow = (matrix: Float64Array, row: Float64Array, rows: number): void => {
  for (let sample = 0, at = 0; sample < rows; sample++) {
    for (let i = 0; i < row.length; i++, at++) matrix[at] += row[i];
  }
};

/** The forward pass: x_l = mu_l for the hidden layers, so that only the output has an error. Leaves yhat in mu_L. */
export const forward = (layers: Layer[], samples: number): void => {
  for (const layer of layers) {
    predict(layer, samples);
    if (!layer.isOutput) layer.x.set(layer.mu.subarray(0, samples * layer.units));
  }
};

/** mu_1 depends on the clamped input and theta_1 alone: it changes with the weights, never with an activity step. */
export const predictFirstLayer = (layers: Layer[], samples: number): void =>
  predict(layers[0], samples);

/** eps_l = x_l - mu_l and h_l = g_l'(a_l) pi_l eps_l of every layer, at the present activities; mu_1 must be up to date. */
export const computeErrors = (layers: Layer[], samples: number): void => {
  for (const layer of layers) {
    if (layer.number > 1) predict(layer, samples);
    computeLayerError(layer, samples);
  }
};

const computeLayerError = (layer: Layer, samples: number): void => {
  const { x, mu, eps, units } = layer;
  for (let at = 0; at < samples * units; at++) eps[at] = x[at] - mu[at];
  weightError(layer, samples);
};

/** h_l from eps_l. */
const weightError = (layer: Layer, samples: number): void => {
  const { eps, h, slope, precision, units } = layer;
  for (let sample = 0, at = 0; sample < samples; sample++) {
    for (let i = 0; i < units; i++, at++) h[at] = precision[i] * eps[at];
  }
  if (slope !== null) {
    for (let at = 0; at < samples * units; at++) h[at] *= slope[at];
  }
};

/**
 * The other way round: activities from given errors, x_l = mu_l + eps_l from the first hidden layer up, which leaves
 * the output's error x_L - mu_L, and every h_l. The hidden layers' eps are read and never written, so that a sample's
 * stay the same bytes however often its batch is rolled forward; mu_1 must be up to date.
 */
export const rollForward = (layers: Layer[], samples: number): void => {
  for (const layer of layers) {
    if (layer.number > 1) predict(layer, samples);
    if (layer.isOutput) {
      computeLayerError(layer, samples);
      continue;
    }
    const { x, mu, eps, units } = layer;
    for (let at = 0; at < samples * units; at++) x[at] = mu[at] + eps[at];
    weightError(layer, samples);
  }
};

/** pull_l = phi'(x_l) theta_{l+1}^T h_{l+1}. */
export const computePull = (layer: Layer, above: Layer, samples: number): void => {
  const { pull, units } = layer;
  productAB(pull, above.h, above.weights.values, { m: samples, n: units, k: above.units });
  const slope = above.inputSlope;
  if (slope !== null) {
    for (let at = 0; at < samples * units; at++) pull[at] *= slope[at];
  }
};

export interface ActivityStep {
  /** gamma, per sample: never divided by the batch size. */
  rate: number;
  /** Multiply -dE/dx_l by Sigma_l, which gives -eps_l + Sigma_l * pull_l. */
  precondition: boolean;
}

/**
 * One step on every hidden layer at once, x_l <- x_l + gamma (-dE/dx_l): the errors were computed for all layers before
 * any activity moves.
 */
export const stepActivities = (
  layers: Layer[],
  samples: number,
  { rate, precondition }: ActivityStep,
): void => {
  for (let index = 0; index < layers.length - 1; index++) {
    const layer = layers[index];
    computePull(layer, layers[index + 1], samples);
    const { x, eps, pull, variance, precision, units } = layer;
    for (let sample = 0, at = 0; sample < samples; sample++) {
      for (let i = 0; i < units; i++, at++) {
        const direction = precondition
          ? variance[i] * pull[at] - eps[at]
          : pull[at] - precision[i] * eps[at];
        x[at] += rate * direction;
      }
    }
  }
};
