/** What the tests of this folder train: layers whose units fill no block of sixteen, on made-up inputs. */
import {
  type ExampleSet,
  type NetworkShape,
  type NetworkState,
  type ReplicaSettings,
  createInitialState,
  relaxesCondition2,
  relaxesCondition3,
} from "@pclab/core";

export const SHAPE: NetworkShape = {
  sizes: [19, 37, 20, 33, 10],
  activation: "tanh",
  outputActivation: "identity",
  node: "mba",
  bias: true,
};

const STEPS = 16;

/** An algorithm's updates come, and its variances are trained, where it relaxes the condition in question. */
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
    weightDecay: 0,
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

export const initialStateOf = (
  { optimiser, variance }: ReplicaSettings,
  shape = SHAPE,
): NetworkState =>
  createInitialState({
    shape,
    initialisation: "uniform_fan_in",
    seed: 3,
    optimiser,
    initialLogVariance: 0.2,
    trainOutput: variance.trainOutput,
  });

export const examplesOf = (count: number, { sizes } = SHAPE): ExampleSet => {
  const units = sizes[0] ?? 0;
  const targets = new Float64Array(count * 10);
  for (let i = 0; i < count; i++) targets[i * 10 + (i % 10)] = 1;
  const inputs = Uint8Array.from({ length: count * units }, (_, i) => (i * 7919) % 256);
  return { count, inputs, inputScale: 1 / 80, inputOffset: -1.5, targets };
};
