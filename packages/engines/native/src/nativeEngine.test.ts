/** Of these tests there are none where the addon could not be built; tests/nativeAddon.test.ts tells of that. */
import {
  type EngineFactory,
  type NetworkShape,
  type NetworkState,
  type ReplicaSettings,
  createInitialState,
} from "@pclab/core";
import { conformanceCases, gaussNewtonConformanceCases } from "@pclab/core/conformance";
import { describe, expect, test } from "vitest";
import { allocatedBytes, nativeEngine, nativeInstructionSets } from "./nativeEngine.js";

/** In float32; Adam divides rounding noise by rounding noise where a gradient is tiny. */
const TOLERANCES = { phase: 1e-4, trained: 1e-4, trainedAdam: 3e-3 };

const SHAPE: NetworkShape = {
  sizes: [19, 37, 20, 33, 10],
  activation: "tanh",
  outputActivation: "identity",
  node: "mba",
  bias: true,
};

const settingsOf = (overrides: Partial<ReplicaSettings> = {}): ReplicaSettings => ({
  algorithm: "pc_rc23",
  inference: {
    method: "gradient",
    steps: 16,
    rate: 0.1,
    updateEvery: 4,
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
  variance: { learningRate: 1e-2, decay: 0, floor: -8, trainOutput: true },
  condition1Delta: 0.1,
  ...overrides,
});

const initialState = (): NetworkState =>
  createInitialState({
    shape: SHAPE,
    initialisation: "uniform_fan_in",
    seed: 3,
    optimiser: "adam",
    initialLogVariance: 0.2,
    trainOutput: true,
  });

const examplesOf = (count: number) => {
  const targets = new Float64Array(count * 10);
  for (let i = 0; i < count; i++) targets[i * 10 + (i % 10)] = 1;
  const inputs = Uint8Array.from({ length: count * 19 }, (_, i) => (i * 7919) % 256);
  return { count, inputs, inputScale: 1 / 80, inputOffset: -1.5, targets };
};

/** The weights' bytes after three minibatches of `samples`, on so many threads. */
const trainedBytes = async (
  factory: EngineFactory,
  settings: ReplicaSettings,
  { samples, threads }: { samples: number; threads: readonly number[] },
): Promise<string> => {
  const engine = await factory.create({ shape: SHAPE, batchSize: samples, replicas: [settings] });
  try {
    await engine.loadState(0, initialState());
    const examples = examplesOf(samples);
    const indices = Uint32Array.from({ length: samples }, (_, i) => i);
    for (const count of threads) {
      engine.setThreads(count);
      await engine.trainMinibatch([{ examples, indices }]);
    }
    const { layers } = await engine.readState(0);
    return layers
      .map(({ weights, logVariance }) =>
        [weights, logVariance].map((values) =>
          Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64"),
        ),
      )
      .join();
  } finally {
    await engine.dispose();
  }
};

describe.each(nativeInstructionSets())("the native engine on %s", (instructionSet) => {
  const factory = nativeEngine(instructionSet);

  for (const { name, run } of [
    ...conformanceCases(factory, TOLERANCES),
    ...gaussNewtonConformanceCases(factory, TOLERANCES),
  ]) {
    test(name, run);
  }

  test.each([
    ["bp", 1],
    ["bp", 50],
    ["pc_rc23", 3],
    ["pc_rc23", 50],
    ["pc_rc23", 130],
  ] as const)(
    "%s, minibatches of %i: equal bytes for 1, 2, 3 and 8 threads, changed between minibatches too",
    async (algorithm, samples) => {
      const settings = settingsOf({ algorithm });
      const bytes = (threads: number[]) => trainedBytes(factory, settings, { samples, threads });
      const alone = await bytes([1, 1, 1]);
      for (const count of [2, 3, 8]) expect(await bytes([count, count, count])).toBe(alone);
      expect(await bytes([1, 8, 2])).toBe(alone);
    },
  );

  test.each(["dense", "cg"] as const)(
    "gauss_newton, %s: equal bytes for any number of threads",
    async (solver) => {
      const gaussNewton = { method: "gauss_newton", outerIterations: 2 } as const;
      const solverTolerance = solver === "cg" ? 0.1 : null;
      const settings = settingsOf({
        algorithm: "pc_rc3",
        inference: { ...settingsOf().inference, ...gaussNewton, solver, solverTolerance },
      });
      const bytes = (threads: number[]) =>
        trainedBytes(factory, settings, { samples: 50, threads });
      const alone = await bytes([1, 1, 1]);
      for (const count of [2, 3, 8]) expect(await bytes([count, count, count])).toBe(alone);
    },
  );

  test("an early stop decides the same on any number of threads", async () => {
    const { inference } = settingsOf();
    const settings = settingsOf({ inference: { ...inference, tolerance: 1e-2 } });
    const alone = await trainedBytes(factory, settings, { samples: 50, threads: [1, 1, 1] });
    expect(await trainedBytes(factory, settings, { samples: 50, threads: [3, 3, 3] })).toBe(alone);
  });

  test("a disposed engine has given back its memory", async () => {
    const before = allocatedBytes();
    const engine = await factory.create({ shape: SHAPE, batchSize: 64, replicas: [settingsOf()] });
    expect(allocatedBytes()).toBeGreaterThan(before);
    await engine.dispose();
    expect(allocatedBytes()).toBe(before);
  });

  test("calls made at once are done one after the other", async () => {
    const engine = await factory.create({ shape: SHAPE, batchSize: 8, replicas: [settingsOf()] });
    await engine.loadState(0, initialState());
    const minibatch = { examples: examplesOf(8), indices: Uint32Array.of(0, 1, 2, 3) };
    const [, , state] = await Promise.all([
      engine.trainMinibatch([minibatch]),
      engine.trainMinibatch([minibatch]),
      engine.readState(0),
    ]);
    expect(state.weightUpdates).toBe(8);
    await engine.dispose();
  });

  test.each([
    ["an index past the last example", { indices: Uint32Array.of(9) }, /indices\[0\] is 9 of 8/],
    ["an empty minibatch", { indices: new Uint32Array(0) }, /minibatch of 0/],
    ["a minibatch over the engine's size", { indices: new Uint32Array(9) }, /made for 8/],
    [
      "inputs of another width",
      { examples: { ...examplesOf(8), inputs: new Uint8Array(8 * 19 + 1) } },
      /multiple of 19/,
    ],
    [
      "targets of another width",
      { examples: { ...examplesOf(8), targets: new Float64Array(8) } },
      /targets has 8 elements, expected 80/,
    ],
  ])("%s is refused and changes nothing", async (_, wrong, message) => {
    const engine = await factory.create({ shape: SHAPE, batchSize: 8, replicas: [settingsOf()] });
    const right = { examples: examplesOf(8), indices: Uint32Array.of(0) };
    await expect(engine.trainMinibatch([{ ...right, ...wrong }])).rejects.toThrow(message);
    expect((await engine.readState(0)).weightUpdates).toBe(0);
    await engine.dispose();
  });
});
