/**
 * Products with J_l = d yhat / d x_l, without forming it: one sweep through the layers gives them for every hidden layer.
 * All are taken along the present path, with the slopes that the last prediction of each layer left.
 *
 * yhat moves with a perturbation u_l of x_l by the chain rule of x_k = mu_k(x_{k-1}) + eps_k at fixed errors:
 *   J_l = G_L theta_L Phi_{L-1} ... G_{l+1} theta_{l+1} Phi_l,  G_k = diag g_k'(a_k),  Phi_k = diag phi'(x_k)
 */
import { computePull } from "./inference.js";
import type { Layer } from "./layer.js";
import { productABt } from "./matrix.js";

/** J_l^T v of every hidden layer, left in its `pull`; v is [B x N_L]. A backward sweep; overwrites every h. */
export const applyTransposedJacobians = (
  layers: Layer[],
  v: Float64Array,
  samples: number,
): void => {
  for (let index = layers.length - 1; index >= 0; index--) {
    const layer = layers[index];
    const { h, slope, pull } = layer;
    const length = samples * layer.units;
    if (!layer.isOutput) computePull(layer, layers[index + 1], samples);
    const source = layer.isOutput ? v : pull;
    for (let at = 0; at < length; at++)
      h[at] = slope === null ? source[at] : slope[at] * source[at];
  }
};

/**
 * sum_{l<L} J_l u_l, [B x N_L], of one perturbation [B x N_l] for each hidden layer, in one forward sweep; zero without
 * hidden layers.
 */
export const applyJacobians = (
  layers: Layer[],
  perturbations: readonly Float64Array[],
  samples: number,
): Float64Array => {
  let moved: Float64Array = new Float64Array(samples * layers[0].units);
  for (const [index, layer] of layers.entries()) {
    if (index > 0) moved = tangent(layer, moved, samples);
    if (layer.isOutput) continue;
    const perturbation = perturbations[index];
    for (let at = 0; at < moved.length; at++) moved[at] += perturbation[at];
  }
  return moved;
};

/** How mu_l moves with x_{l-1}: g_l'(a_l) * theta_l (phi'(x_{l-1}) * below). Overwrites `below`. */
const tangent = (layer: Layer, below: Float64Array, samples: number): Float64Array => {
  const { inputSlope, slope, units, inputs, weights } = layer;
  if (inputSlope !== null) {
    for (let at = 0; at < below.length; at++) below[at] *= inputSlope[at];
  }
  const moved = new Float64Array(samples * units);
  productABt(moved, below, weights.values, { m: samples, n: units, k: inputs });
  if (slope !== null) {
    for (let at = 0; at < moved.length; at++) moved[at] *= slope[at];
  }
  return moved;
};
