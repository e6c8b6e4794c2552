/** A replica's state into and out of its layers, checked against the network's shape on the way in. */
import type { OptimiserName } from "../../experiment/vocabulary.js";
import type { LayerState, Moments, NetworkState, Values } from "../engine.js";
import { EngineError } from "../engineError.js";
import { momentsOf } from "../optimisers.js";
import { type Layer, type Parameter, refreshVariance } from "./layer.js";

export const loadLayers = (
  layers: Layer[],
  state: NetworkState,
  optimiser: OptimiserName,
): void => {
  if (state.layers.length !== layers.length) {
    throw mismatch(`${state.layers.length} layers`, `${layers.length}`);
  }
  for (const [index, layer] of layers.entries()) {
    const from = state.layers[index];
    const name = `layer ${layer.number}`;
    if ((from.bias !== undefined) !== (layer.bias !== null)) {
      throw mismatch(`${name} ${from.bias ? "with" : "without"} bias`, "the other");
    }
    loadParameter(layer.weights, from.weights, from.weightsMoments, optimiser, `${name}, weights`);
    loadParameter(
      layer.logVariance,
      from.logVariance,
      from.logVarianceMoments,
      optimiser,
      `${name}, log-variance`,
    );
    if (layer.bias !== null && from.bias !== undefined) {
      loadParameter(layer.bias, from.bias, from.biasMoments ?? {}, optimiser, `${name}, bias`);
    }
    refreshVariance(layer);
  }
};

const loadParameter = (
  parameter: Parameter,
  values: Values,
  moments: Moments,
  optimiser: OptimiserName,
  name: string,
): void => {
  parameter.values.set(fitting(values, parameter.values.length, name));
  parameter.moments = {};
  for (const moment of momentsOf(optimiser)) {
    const from = fitting(moments[moment], parameter.values.length, `${name}, ${moment} moment`);
    parameter.moments[moment] = Float64Array.from(from);
  }
};

const fitting = (values: Values | undefined, length: number, name: string): Values => {
  if (values?.length !== length) {
    throw mismatch(`${name}: ${values?.length ?? "no"} values`, `${length}`);
  }
  return values;
};

const mismatch = (value: string, expected: string): EngineError =>
  new EngineError(
    "engine_state_mismatch",
    `The state does not fit the network: ${value}, expected ${expected}.`,
  );

export const readLayers = (layers: Layer[]): LayerState[] =>
  layers.map((layer) => ({
    weights: layer.weights.values.slice(),
    logVariance: layer.logVariance.values.slice(),
    weightsMoments: copied(layer.weights.moments),
    logVarianceMoments: copied(layer.logVariance.moments),
    ...(layer.bias === null
      ? {}
      : { bias: layer.bias.values.slice(), biasMoments: copied(layer.bias.moments) }),
  }));

const copied = (moments: Parameter["moments"]): Moments =>
  Object.fromEntries(Object.entries(moments).map(([name, values]) => [name, values.slice()]));
