/**
 * One minibatch under the lens, for researchers who check the lab against their own code. Energies and gradients are
 * summed over the batch. Energies after t steps are under the weights that step t + 1 would use, so that with
 * `update_every` the value at a multiple of it follows that weight update.
 */
import type {
  EngineFactory,
  LayerGradient,
  NetworkState,
  PhaseTrace,
  ReplicaSettings,
  Values,
} from "../engine/engine.js";
import { createMoments } from "../engine/optimisers.js";
import { inferenceOf } from "../experiment/inferenceRules.js";
import type { OptimiserName } from "../experiment/vocabulary.js";
import { type TraceInput, traceAlgorithm } from "./traceSchema.js";

export interface TraceGradients {
  /** One matrix [out][in] a layer. */
  weights: number[][][];
  bias?: number[][];
  log_variance?: number[][];
}

export interface TraceOutput {
  /** After 0, 1, ..., the last activity step or outer iteration taken. */
  energy: number[];
  quadratic_energy: number[];
  quadratic_energy_per_layer: number[];
  /** The final x_l of the hidden layers, one matrix [batch][N_l] a layer. */
  activities: number[][][];
  inference_residual: { mean: number; max: number };
  /** +dE/dtheta, at the weights after the last update. */
  pc: TraceGradients;
  /** The gradient of the loss, at the same weights. */
  bp: TraceGradients;
  /** Between the two weight gradients of each layer; null where one of them is 0. */
  cosine: (number | null)[];
}

/** The phase left the range of a double: its numbers would be null in JSON. */
export class TraceDivergedError extends Error {
  constructor(step: number) {
    super(
      `The energy is not finite after activity step ${step}; lower inference.rate or learning_rate.`,
    );
    this.name = "TraceDivergedError";
  }
}

/** @throws TraceDivergedError when an energy or a gradient is not finite */
export const traceMinibatch = async (
  input: TraceInput,
  factory: EngineFactory,
): Promise<TraceOutput> => {
  const optimiser = input.optimiser ?? "sgd";
  const settings = settingsOf(input, optimiser);
  const engine = await factory.create({
    shape: {
      sizes: [input.inputs[0].length, ...input.layers.map(({ weights }) => weights.length)],
      activation: input.activation,
      outputActivation: input.output_activation,
      node: input.node,
      bias: hasBias(input),
    },
    batchSize: input.inputs.length,
    replicas: [settings],
  });
  try {
    await engine.loadState(0, stateOf(input, optimiser));
    const minibatch = {
      examples: {
        count: input.inputs.length,
        inputs: Float64Array.from(input.inputs.flat()),
        inputScale: 1,
        inputOffset: 0,
        targets: Float64Array.from(input.targets.flat()),
      },
      indices: Uint32Array.from(input.inputs, (_, index) => index),
    };
    const withWeightUpdates = input.inference.update_every !== undefined;
    return outputOf(input, await engine.tracePhase(0, minibatch, withWeightUpdates));
  } finally {
    await engine.dispose();
  }
};

const hasBias = ({ layers }: TraceInput): boolean => layers[0].bias !== undefined;

const settingsOf = (input: TraceInput, optimiser: OptimiserName): ReplicaSettings => {
  const algorithm = traceAlgorithm(input);
  const inference = inferenceOf(input.inference, algorithm);
  return {
    algorithm,
    inference,
    optimiser,
    learningRate: input.learning_rate ?? 0,
    weightDecay: 0,
    schedule: "constant",
    totalWeightUpdates: inference.steps,
    // The given log-variances stand still.
    variance: { learningRate: null, decay: 0, floor: Number.NEGATIVE_INFINITY, trainOutput: false },
    condition1Delta: 0,
  };
};

const stateOf = ({ layers }: TraceInput, optimiser: OptimiserName): NetworkState => ({
  weightUpdates: 0,
  layers: layers.map(({ weights, bias, log_variance }) => {
    const units = weights.length;
    return {
      weights: Float64Array.from(weights.flat()),
      logVariance: Float64Array.from(log_variance ?? weights.map(() => 0)),
      weightsMoments: createMoments(optimiser, units * weights[0].length),
      logVarianceMoments: createMoments(optimiser, units),
      ...(bias === undefined
        ? {}
        : { bias: Float64Array.from(bias), biasMoments: createMoments(optimiser, units) }),
    };
  }),
});

const outputOf = (input: TraceInput, trace: PhaseTrace): TraceOutput => {
  const step = trace.energy.findIndex((energy) => !Number.isFinite(energy));
  const gradients = [...trace.pc, ...trace.bp];
  const finite = gradients.every(({ weights }) => weights.every(Number.isFinite));
  if (step !== -1 || !finite) throw new TraceDivergedError(step === -1 ? trace.stepsTaken : step);
  return {
    energy: trace.energy,
    quadratic_energy: trace.quadraticEnergy,
    quadratic_energy_per_layer: [...trace.quadraticEnergyPerLayer],
    activities: trace.activities.map((values) => rowsOf(values, input.inputs.length)),
    inference_residual: {
      mean: trace.residualSum / input.inputs.length,
      max: trace.residualMax,
    },
    pc: gradientsOf(input, trace.pc),
    bp: gradientsOf(input, trace.bp),
    cosine: trace.pc.map(({ weights }, index) => cosine(weights, trace.bp[index].weights)),
  };
};

/** The log-variances' gradient is given where a log-variance was. */
const gradientsOf = ({ layers }: TraceInput, gradients: LayerGradient[]): TraceGradients => {
  const all = (part: "bias" | "logVariance"): number[][] =>
    gradients.flatMap((gradient) => (gradient[part] ? [[...gradient[part]]] : []));
  const bias = all("bias");
  const asked = layers.some(({ log_variance }) => log_variance !== undefined);
  const logVariance = asked ? all("logVariance") : [];
  return {
    weights: gradients.map(({ weights }, index) => rowsOf(weights, layers[index].weights.length)),
    ...(bias.length > 0 ? { bias } : {}),
    ...(logVariance.length > 0 ? { log_variance: logVariance } : {}),
  };
};

const rowsOf = (values: Values, rows: number): number[][] => {
  const columns = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  );
};

const cosine = (left: Values, right: Values): number | null => {
  let dot = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let i = 0; i < left.length; i++) {
    dot += left[i] * right[i];
    leftSquare += left[i] ** 2;
    rightSquare += right[i] ** 2;
  }
  const norms = Math.sqrt(leftSquare) * Math.sqrt(rightSquare);
  return norms === 0 ? null : dot / norms;
};
