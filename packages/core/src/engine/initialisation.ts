/** The state a network starts from: weights drawn from the seed's own stream, layer by layer, input first. */
import type { Initialisation, OptimiserName } from "../experiment/vocabulary.js";
import { Generator } from "../random/generator.js";
import type { LayerState, NetworkShape, NetworkState } from "./engine.js";
import { createMoments } from "./optimisers.js";

export interface InitialStateOptions {
  shape: NetworkShape;
  initialisation: Initialisation;
  seed: number;
  optimiser: OptimiserName;
  /** ln Sigma of the hidden layers, and of the output where that is trained; otherwise the output's is 0 (Sigma = 1). */
  initialLogVariance: number;
  trainOutput: boolean;
}

export const createInitialState = (options: InitialStateOptions): NetworkState => {
  const { sizes } = options.shape;
  const generator = Generator.seeded(options.seed, "weights");
  const layers: LayerState[] = [];
  for (let layer = 1; layer < sizes.length; layer++) {
    layers.push(initialLayer(options, layer, generator));
  }
  return { layers, weightUpdates: 0 };
};

const initialLayer = (
  options: InitialStateOptions,
  layer: number,
  generator: Generator,
): LayerState => {
  const { shape, initialisation, optimiser } = options;
  const inputs = shape.sizes[layer - 1];
  const units = shape.sizes[layer];
  const isOutput = layer === shape.sizes.length - 1;
  const logVariance = isOutput && !options.trainOutput ? 0 : options.initialLogVariance;
  const state: LayerState = {
    weights: initialWeights(initialisation, units, inputs, generator),
    logVariance: new Float64Array(units).fill(logVariance),
    weightsMoments: createMoments(optimiser, units * inputs),
    logVarianceMoments: createMoments(optimiser, units),
  };
  if (shape.bias) {
    // PyTorch's Linear draws the bias as it draws the weights; the other schemes speak of weights alone.
    state.bias =
      initialisation === "uniform_fan_in"
        ? uniform(units, 1 / Math.sqrt(inputs), generator)
        : new Float64Array(units);
    state.biasMoments = createMoments(optimiser, units);
  }
  return state;
};

/** [units x inputs], row-major. */
export const initialWeights = (
  initialisation: Initialisation,
  units: number,
  inputs: number,
  generator: Generator,
): Float64Array => {
  const count = units * inputs;
  switch (initialisation) {
    case "uniform_fan_in":
      return uniform(count, 1 / Math.sqrt(inputs), generator);
    case "xavier":
      return uniform(count, Math.sqrt(6 / (inputs + units)), generator);
    case "he":
      return normal(count, Math.sqrt(2 / inputs), generator);
    case "lecun":
      return normal(count, Math.sqrt(1 / inputs), generator);
    case "orthogonal":
      return orthogonal(units, inputs, generator);
  }
};

const uniform = (count: number, limit: number, generator: Generator): Float64Array =>
  Float64Array.from({ length: count }, () => limit * (2 * generator.uniform() - 1));

const normal = (count: number, deviation: number, generator: Generator): Float64Array =>
  Float64Array.from({ length: count }, () => deviation * generator.normal());

/**
 * Rows orthonormal where units <= inputs, else columns: Gram and Schmidt on normal vectors, which is the uniform (Haar)
 * distribution. Each vector is projected twice, since one pass loses orthogonality to rounding.
 */
const orthogonal = (units: number, inputs: number, generator: Generator): Float64Array => {
  const vectors = Math.min(units, inputs);
  const length = Math.max(units, inputs);
  const basis = normal(vectors * length, 1, generator);
  const row = (index: number) => basis.subarray(index * length, (index + 1) * length);
  for (let index = 0; index < vectors; index++) {
    const vector = row(index);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < index; other++) subtractProjection(vector, row(other));
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < length; i++) vector[i] /= norm;
  }
  if (units <= inputs) return basis;
  return Float64Array.from(
    { length: units * inputs },
    (_, i) => basis[(i % inputs) * length + Math.floor(i / inputs)],
  );
};

const dot = (left: Float64Array, right: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
};

const subtractProjection = (vector: Float64Array, unit: Float64Array): void => {
  const length = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i] -= length * unit[i];
};
