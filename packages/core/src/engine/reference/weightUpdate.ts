/** One weight update: the mean gradient of a minibatch into weights, biases and log-variances. */
import { relaxesCondition3 } from "../../experiment/vocabulary.js";
import type { Divergence, ReplicaSettings } from "../engine.js";
import { updateParameters } from "../optimisers.js";
import { scheduleFactor } from "../schedule.js";
import { scale } from "./gradients.js";
import { type Layer, type Parameter, refreshVariance } from "./layer.js";

export interface WeightUpdate {
  layers: Layer[];
  samples: number;
  settings: ReplicaSettings;
  /** Weight updates done before this one. */
  done: number;
}

/** Applies the gradients that were summed over `samples`. */
export const updateWeights = ({ layers, samples, settings, done }: WeightUpdate): void => {
  const { optimiser, variance } = settings;
  const factor = scheduleFactor(settings.schedule, done, settings.totalWeightUpdates);
  const apply = (parameter: Parameter, rate: number, decay: number): void => {
    const { values: parameters, gradient, moments } = parameter;
    scale(gradient, 1 / samples);
    updateParameters({
      optimiser,
      parameters,
      gradient,
      moments,
      rate: factor * rate,
      decay,
      update: done + 1,
    });
  };
  for (const layer of layers) {
    apply(layer.weights, settings.learningRate, settings.weightDecay);
    if (layer.bias !== null) apply(layer.bias, settings.learningRate, settings.weightDecay);
    if (variance.learningRate === null || !trainsVariance(layer, settings)) continue;
    apply(layer.logVariance, variance.learningRate, variance.decay);
    raiseToFloor(layer.logVariance.values, variance.floor);
    refreshVariance(layer);
  }
};

const trainsVariance = (layer: Layer, { algorithm, variance }: ReplicaSettings): boolean =>
  relaxesCondition3(algorithm) && (!layer.isOutput || variance.trainOutput);

/** A NaN is not raised: it must show as divergence. */
const raiseToFloor = (logVariances: Float64Array, floor: number): void => {
  for (let i = 0; i < logVariances.length; i++) {
    if (logVariances[i] < floor) logVariances[i] = floor;
  }
};

/** The first parameter that is no longer finite, input layer first. */
export const divergedParameter = (layers: Layer[], weightUpdate: number): Divergence | null => {
  for (const { number, weights, bias, logVariance } of layers) {
    const diverged = (quantity: Divergence["quantity"]) => ({
      weightUpdate,
      layer: number,
      quantity,
    });
    if (!allFinite(weights.values)) return diverged("weights");
    if (bias !== null && !allFinite(bias.values)) return diverged("bias");
    if (!allFinite(logVariance.values)) return diverged("log_variance");
  }
  return null;
};

/** A loop, since `every` takes eight times as long, and this runs after every weight update. */
const allFinite = (values: Float64Array): boolean => {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
};
