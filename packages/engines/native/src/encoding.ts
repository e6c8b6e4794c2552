/** A network's shape and its replicas' settings as the numbers that cpp/addon/options.cc reads, in its order. */
import {
  type NetworkShape,
  type ReplicaSettings,
  relaxesCondition2,
  relaxesCondition3,
} from "@pclab/core";

/** In the order of the C++ enumerations. */
const ACTIVATIONS = ["tanh", "relu", "leaky_relu", "gelu", "sigmoid", "identity"] as const;
const OPTIMISERS = ["sgd", "momentum", "adam", "adamw"] as const;
const METHODS = ["gradient", "gauss_newton"] as const;
const SOLVERS = ["dense", "cg"] as const;

const indexIn = (names: readonly string[], name: string): number => names.indexOf(name);

export const encodeShape = (shape: NetworkShape): Float64Array =>
  Float64Array.of(
    indexIn(ACTIVATIONS, shape.activation),
    indexIn(ACTIVATIONS, shape.outputActivation),
    Number(shape.node === "amb"),
    Number(shape.bias),
  );

export const encodeSettings = (settings: ReplicaSettings): number[] => {
  const { algorithm, inference, schedule, variance } = settings;
  const cosine = schedule === "constant" ? { warmup: 0, final: 1 } : schedule.warmupCosine;
  return [
    Number(algorithm === "bp"),
    Number(relaxesCondition2(algorithm)),
    Number(relaxesCondition3(algorithm) && variance.learningRate !== null),
    Number(variance.trainOutput),
    indexIn(METHODS, inference.method),
    inference.steps,
    inference.updateEvery,
    inference.rate,
    Number(inference.precondition),
    inference.tolerance,
    inference.outerIterations ?? 1,
    indexIn(SOLVERS, inference.solver ?? "dense"),
    inference.solverTolerance ?? 0,
    indexIn(OPTIMISERS, settings.optimiser),
    settings.learningRate,
    settings.weightDecay,
    variance.learningRate ?? 0,
    variance.decay,
    variance.floor,
    cosine.warmup,
    cosine.final,
    settings.totalWeightUpdates,
    settings.condition1Delta,
  ];
};
