/** Predictive coding's errors and activity step, each over all samples and all layers at once (docs/EQUATIONS.md). */
import type { InferenceSettings } from "@pclab/core";
import { type Tensor2D, add, matMul, mul, sub } from "@tensorflow/tfjs-core";
import { type Layer, type Prediction, predict } from "./layer.js";

/** A minibatch's x_0 [B, N_0] and x_L [B, N_L]. */
export interface Clamped {
  inputs: Tensor2D;
  targets: Tensor2D;
}

export interface LayerErrors {
  /** x_l - mu_l, [B, N_l]. */
  eps: Tensor2D;
  /** g_l'(a_l) pi_l eps_l, [B, N_l]. */
  h: Tensor2D;
  /** phi'(x_{l-1}), [B, N_{l-1}]; null where phi is the identity. */
  inputSlope: Tensor2D | null;
}

export interface Forward {
  /** The predictions of every layer, each from the one below. */
  predictions: Prediction[];
  /** mu_L, [B, N_L]. */
  yhat: Tensor2D;
}

/** The forward pass: x_l = mu_l for the hidden layers. */
export const forward = (layers: readonly Layer[], inputs: Tensor2D): Forward => {
  const predictions: Prediction[] = [];
  let below = inputs;
  for (const layer of layers) {
    const prediction = predict(layer, below);
    predictions.push(prediction);
    below = prediction.mu;
  }
  return { predictions, yhat: below };
};

/**
 * The errors of every layer at the hidden activities `x`. `first` is the prediction of layer 1, which depends on the
 * clamped input and theta_1 alone: it changes with the weights, never with an activity step.
 */
export const errorsOf = (
  layers: readonly Layer[],
  x: readonly Tensor2D[],
  first: Prediction,
  targets: Tensor2D,
): LayerErrors[] =>
  layers.map((layer, index) => {
    const below = x[index - 1];
    const { mu, slope, inputSlope } = below === undefined ? first : predict(layer, below);
    const eps = sub<Tensor2D>(x[index] ?? targets, mu);
    const weighted: Tensor2D = mul(eps, layer.precision);
    const h = slope === null ? weighted : mul<Tensor2D>(weighted, slope);
    return { eps, h, inputSlope };
  });

/** phi'(x_l) theta_{l+1}^T h_{l+1}: what the layer above pulls x_l by, [B, N_l]. */
export const pullOf = (
  above: Layer,
  { h, inputSlope }: Pick<LayerErrors, "h" | "inputSlope">,
): Tensor2D => {
  const pull: Tensor2D = matMul(h, above.weights.values);
  return inputSlope === null ? pull : mul(pull, inputSlope);
};

/** One for each hidden layer: what belongs to it and to the layer above. */
export const overHiddenLayers = <T>(
  layers: readonly Layer[],
  errors: readonly LayerErrors[],
  visit: (hidden: { layer: Layer; errors: LayerErrors; pull: Tensor2D; index: number }) => T,
): T[] =>
  layers.slice(0, -1).map((layer, index) => {
    const [own, ofAbove] = [errors[index], errors[index + 1]];
    const above = layers[index + 1];
    if (own === undefined || ofAbove === undefined || above === undefined) {
      throw new Error(`layer ${layer.number} has no errors, or no layer above`);
    }
    return visit({ layer, errors: own, pull: pullOf(above, ofAbove), index });
  });

/**
 * One step on every hidden layer at once, x_l + gamma (-dE/dx_l): the errors were computed for all layers before any
 * activity moves. Per sample, never divided by the batch size.
 */
export const stepActivities = (
  layers: readonly Layer[],
  x: readonly Tensor2D[],
  errors: readonly LayerErrors[],
  { rate, precondition }: Pick<InferenceSettings, "rate" | "precondition">,
): Tensor2D[] =>
  overHiddenLayers(layers, errors, ({ layer, errors: { eps }, pull, index }) => {
    const direction = precondition
      ? sub(mul(pull, layer.variance), eps)
      : sub(pull, mul(eps, layer.precision));
    return add(x[index] as Tensor2D, mul(direction, rate));
  });
