/** What the tests of this folder train: layers of odd sizes on made-up inputs. */
import {
  type EngineOptions,
  type ExampleSet,
  type NetworkShape,
  type NetworkState,
  type ReplicaSettings,
  createInitialState,
  relaxesCondition2,
  relaxesCondition3,
} from "@pclab/core";

export const SHAPE: NetworkShape = {
  sizes: [19, 7, 6, 10],
  activation: "gelu",
  outputActivation: "identity",
  node: "amb",
  bias: true,
};

export const BATCH_SIZE = 8;

const STEPS = 8;

export const settingsOf = (overrides: Partial<ReplicaSettings> = {}): ReplicaSettings => {
  const algorithm = overrides.algorithm ?? "pc_rc23";
  return {
    algorithm,
    inference: {
      method: "gradient",
      steps: STEPS,
      rate: 0.1,
      updateEvery: relaxesCondition2(algorithm) ? 4 : STEPS,
      precondition: true,
      tolerance: 0,
      outerIterations: null,
      solver: null,
      solverTolerance: null,
    },
    optimiser: "adam",
    learningRate: 1e-3,
    weightDecay: 1e-3,
    schedule: "constant",
    totalWeightUpdates: 100,
    variance: {
      learningRate: relaxesCondition3(algorithm) ? 1e-2 : null,
      decay: 0,
      floor: -8,
      trainOutput: algorithm === "pc_rc23",
    },
    condition1Delta: 0.1,
    ...overrides,
  };
};

export const optionsOf = (...replicas: ReplicaSettings[]): EngineOptions => ({
  shape: SHAPE,
  batchSize: BATCH_SIZE,
  replicas,
});

export const initialStateOf = ({ optimiser, variance }: ReplicaSettings): NetworkState =>
  createInitialState({
    shape: SHAPE,
    initialisation: "uniform_fan_in",
    seed: 3,
    optimiser,
    initialLogVariance: 0.2,
    trainOutput: variance.trainOutput,
  });

export const examplesOf = (count: number): ExampleSet => {
  const targets = new Float64Array(count * 10);
  for (let i = 0; i < count; i++) targets[i * 10 + (i % 10)] = 1;
  const inputs = Uint8Array.from({ length: count * 19 }, (_, i) => (i * 7919) % 256);
  return { count, inputs, inputScale: 1 / 80, inputOffset: -1.5, targets };
};
