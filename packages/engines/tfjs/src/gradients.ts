/** Gradients of the parameters, summed over the batch. */
import {
  type Tensor1D,
  type Tensor2D,
  matMul,
  mul,
  neg,
  square,
  sub,
  sum,
} from "@tensorflow/tfjs-core";
import { type Clamped, type Forward, type LayerErrors, pullOf } from "./inference.js";
import { type Layer, inputOf } from "./layer.js";

export interface Gradient {
  /** [N_l, N_{l-1}]. */
  weights: Tensor2D;
  bias: Tensor1D | null;
  /** Null for the gradient of the loss, in which Sigma plays no part. */
  logVariance: Tensor1D | null;
}

/** dE/dtheta_l = -h_l phi(x_{l-1})^T, dE/db_l = -h_l, dE/ds_l = 1/2 (1 - pi_l eps_l^2), at the hidden activities `x`. */
export const energyGradients = (
  layers: readonly Layer[],
  x: readonly Tensor2D[],
  errors: readonly LayerErrors[],
  inputs: Tensor2D,
): Gradient[] =>
  layers.map((layer, index) => {
    const { h, eps } = errors[index] as LayerErrors;
    return {
      ...weightGradient(layer, h, inputOf(layer, x[index - 1] ?? inputs)),
      logVariance: mul<Tensor1D>(sum(sub(1, mul(square(eps), layer.precision)), 0), 0.5),
    };
  });

/** The gradient of the loss 1/2 |y - yhat|^2 after a forward pass. */
export const lossGradients = (
  layers: readonly Layer[],
  { predictions, yhat }: Forward,
  { inputs, targets }: Clamped,
): Gradient[] => {
  const gradients: Gradient[] = [];
  // -dLoss/dx_l, from the output down; times the slope it is h_l = -dLoss/da_l.
  let pull: Tensor2D = sub(targets, yhat);
  for (const layer of layers.toReversed()) {
    const { slope, inputSlope } = predictions[layer.number - 1] as Forward["predictions"][number];
    const h: Tensor2D = slope === null ? pull : mul(pull, slope);
    const below = predictions[layer.number - 2]?.mu ?? inputs;
    gradients.unshift({ ...weightGradient(layer, h, inputOf(layer, below)), logVariance: null });
    if (layer.number > 1) pull = pullOf(layer, { h, inputSlope });
  }
  return gradients;
};

const weightGradient = (
  { bias }: Layer,
  h: Tensor2D,
  input: Tensor2D,
): Pick<Gradient, "weights" | "bias"> => ({
  weights: neg(matMul(h, input, true, false)),
  bias: bias === null ? null : neg(sum(h, 0)),
});
