/** Gradients of the parameters, summed over the batch and written to each parameter's `gradient`. */
import { forward } from "./inference.js";
import { applyTransposedJacobians } from "./jacobian.js";
import type { Layer } from "./layer.js";
import { productAtB } from "./matrix.js";

/** dE/dtheta_l = -h_l phi(x_{l-1})^T, dE/db_l = -h_l, dE/ds_l = 1/2 (1 - pi_l eps_l^2), from the present errors. */
export const energyGradients = (layers: Layer[], samples: number): void => {
  for (const layer of layers) {
    weightGradient(layer, samples);
    logVarianceGradient(layer, samples);
  }
};

/**
 * The gradient of the loss 1/2 |y - yhat|^2 after a forward pass: Sigma plays no part in it. Runs the forward pass and
 * overwrites x, mu and h; x_L must hold the target.
 */
export const lossGradients = (layers: Layer[], samples: number): void => {
  forward(layers, samples);
  const { x, mu, units } = layers[layers.length - 1];
  const r = Float64Array.from({ length: samples * units }, (_, at) => x[at] - mu[at]);
  // -dLoss/dx_l = J_l^T r, and the sweep leaves h_l = -dLoss/da_l.
  applyTransposedJacobians(layers, r, samples);
  for (const layer of layers) weightGradient(layer, samples);
};

const weightGradient = (layer: Layer, samples: number): void => {
  const { weights, bias, h, input, units, inputs } = layer;
  productAtB(weights.gradient, h, input, { m: units, n: inputs, k: samples });
  scale(weights.gradient, -1);
  if (bias === null) return;
  bias.gradient.fill(0);
  for (let sample = 0, at = 0; sample < samples; sample++) {
    for (let i = 0; i < units; i++, at++) bias.gradient[i] -= h[at];
  }
};

const logVarianceGradient = (layer: Layer, samples: number): void => {
  const { logVariance, precision, eps, units } = layer;
  logVariance.gradient.fill(0);
  for (let sample = 0, at = 0; sample < samples; sample++) {
    for (let i = 0; i < units; i++, at++) {
      logVariance.gradient[i] += 0.5 * (1 - precision[i] * eps[at] * eps[at]);
    }
  }
};

export const scale = (values: Float64Array, factor: number): void => {
  for (let i = 0; i < values.length; i++) values[i] *= factor;
};
