/** What an experiment's spec means to an engine. */
import { CLASS_COUNT, IMAGE_PIXELS } from "../data/idx.js";
import type {
  EngineOptions,
  NetworkShape,
  NetworkState,
  ReplicaSettings,
} from "../engine/engine.js";
import { createInitialState } from "../engine/initialisation.js";
import { totalWeightUpdates } from "../experiment/parseSpec.js";
import type { ExperimentSpec } from "../experiment/spec.js";

export const networkShapeOf = (spec: ExperimentSpec): NetworkShape => ({
  sizes: [IMAGE_PIXELS, ...Array.from({ length: spec.depth }, () => spec.width), CLASS_COUNT],
  activation: spec.activation,
  outputActivation: spec.outputActivation,
  node: spec.node,
  bias: spec.bias,
});

export const replicaSettingsOf = (spec: ExperimentSpec): ReplicaSettings => ({
  algorithm: spec.algorithm,
  inference: spec.inference,
  optimiser: spec.optimiser,
  learningRate: spec.learningRate,
  weightDecay: spec.weightDecay,
  schedule: spec.schedule,
  totalWeightUpdates: totalWeightUpdates(spec),
  variance: {
    learningRate: spec.variance.learningRate,
    decay: spec.varianceDecay,
    floor: spec.variance.floor,
    trainOutput: spec.variance.trainOutput,
  },
  condition1Delta: spec.condition1Delta,
});

/** An engine for this run alone: one replica. */
export const engineOptionsOf = (spec: ExperimentSpec): EngineOptions => ({
  shape: networkShapeOf(spec),
  batchSize: spec.batchSize,
  replicas: [replicaSettingsOf(spec)],
});

/** theta_0 and the rest of the state that the seed gives. */
export const initialStateOf = (spec: ExperimentSpec): NetworkState =>
  createInitialState({
    shape: networkShapeOf(spec),
    initialisation: spec.initialisation,
    seed: spec.seed,
    optimiser: spec.optimiser,
    initialLogVariance: spec.algorithm === "bp" ? 0 : spec.variance.initial,
    trainOutput: spec.variance.trainOutput,
  });
