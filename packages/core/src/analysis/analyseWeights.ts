/** How weights and variances are distributed, layer by layer, beside what they were at the start. */
import type { NetworkState, Values } from "../engine/engine.js";
import { distance, norm } from "../engine/norms.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { initialStateOf } from "../training/engineOptions.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import type { WeightsSettings } from "./analysisSettings.js";
import { type Distribution, distributionOf, largestOf } from "./distribution.js";

export interface TensorChange {
  now: Distribution;
  initial: Distribution;
  /** |theta - theta_0| / |theta_0|; null where theta_0 is zero. */
  relative_movement: number | null;
}

export interface LayerDistributions {
  /** 1..L. */
  layer: number;
  weights: TensorChange;
  /** Null without biases. */
  bias: TensorChange | null;
  /** ln Sigma; null where the algorithm trains no variances. */
  log_variance: TensorChange | null;
}

export interface WeightsResult {
  layers: LayerDistributions[];
}

export async function* analyseWeights({
  settings,
  spec,
  state,
}: AnalysisOptions<WeightsSettings>): AsyncGenerator<AnalysisEvent, void> {
  const result: WeightsResult = { layers: distributionsOf(state, spec, settings.bins) };
  yield { type: "result", result };
}

const distributionsOf = (
  state: NetworkState,
  spec: ExperimentSpec,
  bins: number,
): LayerDistributions[] => {
  const initial = initialStateOf(spec);
  const trainsVariances = spec.variance.learningRate !== null;
  return state.layers.map((layer, index) => {
    const start = initial.layers[index];
    return {
      layer: index + 1,
      weights: changeOf(layer.weights, start.weights, bins),
      bias:
        layer.bias === undefined || start.bias === undefined
          ? null
          : changeOf(layer.bias, start.bias, bins),
      log_variance: trainsVariances ? changeOf(layer.logVariance, start.logVariance, bins) : null,
    };
  });
};

/** Both histograms have the same bins, symmetric about zero. */
const changeOf = (now: Values, start: Values, bins: number): TensorChange => {
  // The engine began with the initial values in its own precision.
  const initial = now instanceof Float32Array ? Float32Array.from(start) : start;
  const to = largestOf(now, initial);
  const range = { from: -to, to, bins };
  const length = norm(initial);
  return {
    now: distributionOf(now, range),
    initial: distributionOf(initial, range),
    relative_movement: length === 0 ? null : distance(now, initial) / length,
  };
};
