import { type EngineFactory, type Minibatch, referenceEngine } from "@pclab/core";
import { syntheticDataset } from "@pclab/storage";
import { expect, test } from "vitest";
import { datasetOf } from "./benchData.js";
import type { BenchEngine } from "./engines.js";
import { Kernel, kernelMeasurable } from "./kernel.js";
import { UnavailableError } from "./unavailable.js";
import { specOf } from "./workload.js";

const settings = { depth: 2, steps: 8, seed: 0 };
const files = syntheticDataset({ train: 30, test: 10, seed: 1 });
const { train: examples } = datasetOf(
  { name: "synthetic", files },
  { trainSize: 30, validationSize: 0, testSize: 10 },
);

interface Seen {
  sizes: number[];
  threads: number[];
  disposed: number;
}

/** The reference engine, which tells what it is asked. */
const watched = (seen: Seen): BenchEngine => {
  const factory: EngineFactory = {
    id: referenceEngine.id,
    create: async (options) => {
      const engine = await referenceEngine.create(options);
      const train = engine.trainMinibatch.bind(engine);
      const dispose = engine.dispose.bind(engine);
      engine.trainMinibatch = async (minibatches) => {
        seen.sizes.push((minibatches[0] as Minibatch).indices.length);
        return train(minibatches);
      };
      engine.setThreads = (count) => seen.threads.push(count);
      engine.dispose = async () => {
        seen.disposed += 1;
        await dispose();
      };
      return engine;
    },
  };
  return { label: "watched", instructionSet: null, factory: () => factory };
};

test("a kernel's minibatches are all whole, also where the examples do not divide", async () => {
  const seen: Seen = { sizes: [], threads: [], disposed: 0 };
  const spec = specOf("bp", { width: 4, batch: 8 }, settings);
  const kernel = await Kernel.start(watched(seen), spec, examples);
  for (let i = 0; i < 10; i++) await kernel.trainMinibatch();
  expect(seen.sizes).toEqual(Array.from({ length: 10 }, () => 8));
  await kernel.engine.dispose();
});

test("examples that make no minibatch are unavailable, and the engine is released", async () => {
  const seen: Seen = { sizes: [], threads: [], disposed: 0 };
  const spec = specOf("bp", { width: 4, batch: 31 }, settings);
  await expect(Kernel.start(watched(seen), spec, examples)).rejects.toThrow(UnavailableError);
  expect(seen.disposed).toBe(1);
});

test.each([
  ["bp", 2],
  // A fresh network flatters Gauss-Newton.
  ["pc_gauss_newton", 302],
] as const)(
  "%s is warmed up by %i minibatches, on its threads, and released once",
  async (model, warm) => {
    const seen: Seen = { sizes: [], threads: [], disposed: 0 };
    const measurable = kernelMeasurable({
      engine: watched(seen),
      model,
      shape: { width: 4, batch: 2 },
      threads: 3,
      settings,
      examples: () => examples,
      turnMs: 1,
    });
    await measurable.prepare();
    expect(seen).toMatchObject({ threads: [3], disposed: 0 });
    expect(seen.sizes).toHaveLength(warm);
    const { typical, best } = await measurable.run();
    expect(best).toBeGreaterThan(0);
    expect(typical).toBeGreaterThanOrEqual(best);
    await measurable.dispose();
    expect(seen.disposed).toBe(1);
  },
);
