/**
 * S = Sigma_L + sum_{l<L} J_l Sigma_l J_l^T of a sample: how yhat's error varies when every layer errs by its Sigma
 * (docs/EQUATIONS.md, Gauss-Newton). Formed here from the rows of the J_l, applied there without forming it.
 */
import { applyJacobians, applyTransposedJacobians } from "./jacobian.js";
import type { Layer } from "./layer.js";

/** rows[i][l - 1] holds row i of J_l for the first `samples` samples, [B x N_l]: N_L backward sweeps. */
export const jacobianRows = (layers: Layer[], samples: number): Float64Array[][] => {
  const outputs = layers[layers.length - 1].units;
  return Array.from({ length: outputs }, (_, i) => {
    const unit = new Float64Array(samples * outputs);
    for (let sample = 0; sample < samples; sample++) unit[sample * outputs + i] = 1;
    applyTransposedJacobians(layers, unit, samples);
    return layers.slice(0, -1).map(({ pull, units }) => pull.slice(0, samples * units));
  });
};

/** Adds a sample's S, its lower triangle alone, to `into` [N_L x N_L]. */
export const addOutputCovariance = (
  into: Float64Array,
  layers: Layer[],
  rows: Float64Array[][],
  sample: number,
): void => {
  const { units: outputs, variance: outputVariance } = layers[layers.length - 1];
  for (let i = 0; i < outputs; i++) {
    into[i * outputs + i] += outputVariance[i];
    for (let j = 0; j <= i; j++) {
      for (const [index, { variance, units }] of layers.slice(0, -1).entries()) {
        const [left, right] = [rows[i][index], rows[j][index]];
        const first = sample * units;
        for (let k = 0; k < units; k++) {
          into[i * outputs + j] += left[first + k] * variance[k] * right[first + k];
        }
      }
    }
  }
};

/** S v of every sample, v and the answer [B x N_L]: one backward and one forward sweep. Overwrites every h and pull. */
export const applyOutputCovariance = (
  layers: Layer[],
  v: Float64Array,
  samples: number,
): Float64Array => {
  applyTransposedJacobians(layers, v, samples);
  const scaled = layers.slice(0, -1).map(({ pull, variance, units }) => {
    const perturbation = pull.slice(0, samples * units);
    for (let at = 0; at < perturbation.length; at++) perturbation[at] *= variance[at % units];
    return perturbation;
  });
  const product = applyJacobians(layers, scaled, samples);
  const { variance, units } = layers[layers.length - 1];
  for (let at = 0; at < product.length; at++) product[at] += variance[at % units] * v[at];
  return product;
};
