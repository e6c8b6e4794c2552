/** A replica's state and its gradients as the flat lists of tensors that the addon fills or reads. */
import {
  EngineError,
  type LayerGradient,
  type LayerState,
  type Moments,
  type NetworkShape,
  type NetworkState,
  type OptimiserName,
  type Values,
  momentsOf,
} from "@pclab/core";

/** Per layer: weights, bias where there is one, ln Sigma; each followed by its moments. */
export const listTensors = (
  state: NetworkState,
  shape: NetworkShape,
  optimiser: OptimiserName,
): Float32Array[] => {
  const layerCount = shape.sizes.length - 1;
  if (state.layers.length !== layerCount) {
    throw mismatch(`${state.layers.length} layers`, `${layerCount}`);
  }
  return state.layers.flatMap((layer, index) => {
    const units = shape.sizes[index + 1] ?? 0;
    const inputs = shape.sizes[index] ?? 0;
    const name = `layer ${index + 1}`;
    if ((layer.bias !== undefined) !== shape.bias) {
      throw mismatch(`${name} ${layer.bias ? "with" : "without"} bias`, "the other");
    }
    const parameter = (what: string, length: number, values?: Values, moments: Moments = {}) => [
      rounded(values, length, `${name}, ${what}`),
      ...momentsOf(optimiser).map((moment) =>
        rounded(moments[moment], length, `${name}, ${what}, ${moment} moment`),
      ),
    ];
    return [
      ...parameter("weights", units * inputs, layer.weights, layer.weightsMoments),
      ...(shape.bias ? parameter("bias", units, layer.bias, layer.biasMoments) : []),
      ...parameter("log-variance", units, layer.logVariance, layer.logVarianceMoments),
    ];
  });
};

const rounded = (values: Values | undefined, length: number, name: string): Float32Array => {
  if (values?.length !== length) {
    throw mismatch(`${name}: ${values?.length ?? "no"} values`, `${length}`);
  }
  return values instanceof Float32Array ? values : Float32Array.from(values);
};

const mismatch = (value: string, expected: string): EngineError =>
  new EngineError(
    "engine_state_mismatch",
    `The state does not fit the network: ${value}, expected ${expected}.`,
  );

/** Layers with room for every tensor, to be listed, filled and handed out. */
export const emptyLayers = (shape: NetworkShape, optimiser: OptimiserName): LayerState[] =>
  shape.sizes.slice(1).map((units, index) => {
    const moments = (length: number): Moments =>
      Object.fromEntries(momentsOf(optimiser).map((moment) => [moment, new Float32Array(length)]));
    const weights = units * (shape.sizes[index] ?? 0);
    return {
      weights: new Float32Array(weights),
      weightsMoments: moments(weights),
      ...(shape.bias ? { bias: new Float32Array(units), biasMoments: moments(units) } : {}),
      logVariance: new Float32Array(units),
      logVarianceMoments: moments(units),
    };
  });

interface Gradient extends LayerGradient {
  weights: Float32Array;
  bias?: Float32Array;
  logVariance?: Float32Array;
}

export const emptyGradients = (shape: NetworkShape, rule: "bp" | "pc"): Gradient[] =>
  shape.sizes.slice(1).map((units, index) => ({
    weights: new Float32Array(units * (shape.sizes[index] ?? 0)),
    ...(shape.bias ? { bias: new Float32Array(units) } : {}),
    ...(rule === "pc" ? { logVariance: new Float32Array(units) } : {}),
  }));

export const listGradients = (gradients: Gradient[]): Float32Array[] =>
  gradients.flatMap(({ weights, bias, logVariance }) => [
    weights,
    ...(bias === undefined ? [] : [bias]),
    ...(logVariance === undefined ? [] : [logVariance]),
  ]);
