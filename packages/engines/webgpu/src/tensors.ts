/** A replica's state and its gradients to and from the flat arrays that lie in the buffers (layout.ts). */
import {
  EngineError,
  type LayerGradient,
  type LayerState,
  type Moments,
  type NetworkState,
  type OptimiserName,
  type Values,
  momentsOf,
} from "@pclab/core";
import type { LayerLayout, Layout } from "./layout.js";

type ParameterName = "weights" | "bias" | "logVariance";

interface Place {
  name: ParameterName;
  offset: number;
  length: number;
}

const placesOf = (layer: LayerLayout, bias: boolean): Place[] => [
  { name: "weights", offset: layer.weights, length: layer.units * layer.inputs },
  ...(bias ? [{ name: "bias" as const, offset: layer.bias, length: layer.units }] : []),
  { name: "logVariance", offset: layer.logVariance, length: layer.units },
];

export interface PackedState {
  parameters: Float32Array<ArrayBuffer>;
  moments: Float32Array<ArrayBuffer>;
}

/** @throws EngineError engine_state_mismatch */
export const packState = (
  state: NetworkState,
  { layers, shape, strides }: Layout,
  optimiser: OptimiserName,
): PackedState => {
  if (state.layers.length !== layers.length) {
    throw mismatch(`${state.layers.length} layers`, `${layers.length}`);
  }
  const parameters = new Float32Array(strides.parameters);
  const moments = new Float32Array(strides.moments);
  for (const [index, layer] of layers.entries()) {
    const from = state.layers[index] as LayerState;
    const title = `layer ${layer.number}`;
    if ((from.bias !== undefined) !== shape.bias) {
      throw mismatch(`${title} ${from.bias ? "with" : "without"} bias`, "the other");
    }
    for (const { name, offset, length } of placesOf(layer, shape.bias)) {
      parameters.set(fitting(from[name], length, `${title}, ${name}`), offset);
      for (const [which, moment] of momentsOf(optimiser).entries()) {
        const values = from[`${name}Moments`]?.[moment];
        const what = `${title}, ${name}, ${moment} moment`;
        moments.set(fitting(values, length, what), which * strides.parameters + offset);
      }
    }
  }
  return { parameters, moments };
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

export const unpackLayers = (
  { parameters, moments }: PackedState,
  { layers, shape, strides }: Layout,
  optimiser: OptimiserName,
): LayerState[] =>
  layers.map((layer) => {
    const entries = placesOf(layer, shape.bias).flatMap(({ name, offset, length }) => {
      const kept: Moments = Object.fromEntries(
        momentsOf(optimiser).map((moment, which) => {
          const first = which * strides.parameters + offset;
          return [moment, moments.slice(first, first + length)];
        }),
      );
      return [
        [name, parameters.slice(offset, offset + length)],
        [`${name}Moments`, kept],
      ];
    });
    return Object.fromEntries(entries) as LayerState;
  });

export const unpackGradient = (
  gradient: Float32Array,
  { layers, shape }: Layout,
  rule: "bp" | "pc",
): LayerGradient[] =>
  layers.map((layer) => {
    const places = placesOf(layer, shape.bias).filter(
      ({ name }) => rule === "pc" || name !== "logVariance",
    );
    return Object.fromEntries(
      places.map(({ name, offset, length }) => [name, gradient.slice(offset, offset + length)]),
    ) as unknown as LayerGradient;
  });
