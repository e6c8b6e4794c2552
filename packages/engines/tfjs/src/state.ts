/** A replica's state into and out of its layers, checked against the network's shape on the way in. */
import {
  EngineError,
  type LayerState,
  type Moments,
  type NetworkState,
  type OptimiserName,
  type Values,
  momentsOf,
} from "@pclab/core";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import { type Layer, type Parameter, refreshVariance } from "./layer.js";
import { release } from "./scope.js";

/** What is to be loaded into one parameter; nothing is loaded before all of it fits. */
interface Loading {
  parameter: Parameter<Tensor>;
  values: Float32Array;
  moments: [keyof Moments, Float32Array][];
}

export const loadLayers = (
  layers: readonly Layer[],
  state: NetworkState,
  optimiser: OptimiserName,
): void => {
  if (state.layers.length !== layers.length) {
    throw mismatch(`${state.layers.length} layers`, `${layers.length}`);
  }
  const loadings = layers.flatMap((layer, index) =>
    loadingsOf(layer, state.layers[index] as LayerState, optimiser),
  );
  for (const loading of loadings) load(loading);
  for (const layer of layers) refreshVariance(layer);
};

const loadingsOf = (layer: Layer, from: LayerState, optimiser: OptimiserName): Loading[] => {
  const name = `layer ${layer.number}`;
  if ((from.bias !== undefined) !== (layer.bias !== null)) {
    throw mismatch(`${name} ${from.bias ? "with" : "without"} bias`, "the other");
  }
  const loading = (
    parameter: Parameter<Tensor>,
    what: string,
    values: Values | undefined,
    moments: Moments = {},
  ): Loading => {
    const length = parameter.values.size;
    return {
      parameter,
      values: fitting(values, length, `${name}, ${what}`),
      moments: momentsOf(optimiser).map((moment) => [
        moment,
        fitting(moments[moment], length, `${name}, ${what}, ${moment} moment`),
      ]),
    };
  };
  return [
    loading(layer.weights, "weights", from.weights, from.weightsMoments),
    loading(layer.logVariance, "log-variance", from.logVariance, from.logVarianceMoments),
    ...(layer.bias === null ? [] : [loading(layer.bias, "bias", from.bias, from.biasMoments)]),
  ];
};

/** A copy: a backend may keep the array that a tensor was made of. */
const fitting = (values: Values | undefined, length: number, name: string): Float32Array => {
  if (values?.length !== length) {
    throw mismatch(`${name}: ${values?.length ?? "no"} values`, `${length}`);
  }
  return Float32Array.from(values);
};

const mismatch = (value: string, expected: string): EngineError =>
  new EngineError(
    "engine_state_mismatch",
    `The state does not fit the network: ${value}, expected ${expected}.`,
  );

const load = ({ parameter, values, moments }: Loading): void => {
  const { shape } = parameter.values;
  release(parameter.values, parameter.moments);
  parameter.values = tensor(values, shape, "float32");
  parameter.moments = Object.fromEntries(
    moments.map(([name, moment]) => [name, tensor(moment, shape, "float32")]),
  );
};

export const readLayers = (layers: readonly Layer[]): Promise<LayerState[]> =>
  Promise.all(
    layers.map(async ({ weights, bias, logVariance }) => ({
      weights: await read(weights.values),
      logVariance: await read(logVariance.values),
      weightsMoments: await readMoments(weights),
      logVarianceMoments: await readMoments(logVariance),
      ...(bias === null
        ? {}
        : { bias: await read(bias.values), biasMoments: await readMoments(bias) }),
    })),
  );

const readMoments = async ({ moments }: Parameter<Tensor>): Promise<Moments> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(moments).map(async ([name, moment]) => [name, await read(moment)]),
    ),
  ) as Moments;

/** A copy, as what `data` answers with may be the backend's own. */
export const read = async (from: Tensor): Promise<Float32Array> =>
  Float32Array.from(await from.data());
