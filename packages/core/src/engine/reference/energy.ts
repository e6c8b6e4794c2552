/** Q, E and the inference residual, from the errors that `computeErrors` left. */
import { computePull } from "./inference.js";
import type { Layer } from "./layer.js";

/** Q_l = 1/2 sum_i pi_i eps_i^2 of one layer, added to `perSample` [B]. */
const addQuadraticEnergy = (layer: Layer, perSample: Float64Array, samples: number): void => {
  const { eps, precision, units } = layer;
  for (let sample = 0, at = 0; sample < samples; sample++) {
    let sum = 0;
    for (let i = 0; i < units; i++, at++) sum += precision[i] * eps[at] * eps[at];
    perSample[sample] += 0.5 * sum;
  }
};

/** Q of each sample, [B]. */
export const quadraticEnergyPerSample = (layers: Layer[], samples: number): Float64Array => {
  const energies = new Float64Array(samples);
  for (const layer of layers) addQuadraticEnergy(layer, energies, samples);
  return energies;
};

/** Q_l summed over the samples, one a layer. */
export const quadraticEnergyPerLayer = (layers: Layer[], samples: number): Float64Array =>
  Float64Array.from(layers, (layer) => {
    const energies = new Float64Array(samples);
    addQuadraticEnergy(layer, energies, samples);
    return energies.reduce((sum, energy) => sum + energy, 0);
  });

/** E_l = Q_l + 1/2 sum_i (s_i + ln 2 pi), summed over the samples, one a layer. */
export const energyPerLayer = (
  layers: Layer[],
  quadratic: Float64Array,
  samples: number,
): Float64Array =>
  quadratic.map((energy, index) => {
    const { logVariance, units } = layers[index];
    const logVariances = logVariance.values.reduce((sum, s) => sum + s, 0);
    return energy + samples * 0.5 * (logVariances + units * Math.log(2 * Math.PI));
  });

/** The Euclidean norm of dE/dx over all hidden activities, for each sample, [B]. Overwrites the layers' `pull`. */
export const inferenceResiduals = (layers: Layer[], samples: number): Float64Array => {
  const squares = new Float64Array(samples);
  for (let index = 0; index < layers.length - 1; index++) {
    const layer = layers[index];
    computePull(layer, layers[index + 1], samples);
    const { eps, pull, precision, units } = layer;
    for (let sample = 0, at = 0; sample < samples; sample++) {
      for (let i = 0; i < units; i++, at++) {
        squares[sample] += (precision[i] * eps[at] - pull[at]) ** 2;
      }
    }
  }
  return squares.map(Math.sqrt);
};
