/**
 * Exact resume on the native engine: for every algorithm and optimiser, a run whose training child is killed and that
 * another child takes up on other threads ends with the bytes of one that was never disturbed. What the lab around the
 * child does when it dies is shown in workerKilled.test.ts.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ALGORITHMS,
  type ExperimentSpec,
  OPTIMISERS,
  momentsOf,
  readSafetensors,
  totalWeightUpdates,
  writeSafetensors,
} from "@pclab/core";
import { writeSyntheticDataset } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { smallSpec } from "./smallSpec.js";
import { type Told, killInChild, trainInChild } from "./trainInChild.js";
import {
  type Result,
  comparable,
  expectEqualResults,
  tensorsOf,
  trainHere,
  trainUndisturbed,
} from "./undisturbed.js";
import { isWithoutNative, whySkipped } from "./withoutNative.js";

let datasetsFolder: string;
beforeAll(async () => {
  // The child is a process of its own, and is run from the sources as this one is.
  vi.stubEnv("NODE_OPTIONS", "--import tsx --conditions=pclab-source");
  datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-child-"));
  const sizes = { train: 300, test: 50, seed: 7 };
  await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), sizes);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(datasetsFolder, { recursive: true });
});

/** Units and samples that fill no tile, a short last minibatch, and everything whose state a checkpoint has to hold. */
const nativeSpec = (wire: Record<string, unknown>): ExperimentSpec =>
  smallSpec({
    width: 37,
    batch_size: 50,
    epochs: 40,
    bias: true,
    weight_decay: 1e-3,
    schedule: { warmup_cosine: { warmup: 0.2, final: 0.1 } },
    engine: "native",
    ...wire,
    ...(String(wire["algorithm"]).endsWith("3") ? { variance: { learning_rate: 1e-3 } } : {}),
  });

/** In the order of OPTIMISERS: before the kill, and after it. */
const THREADS = [
  { before: 1, after: 3 },
  { before: 2, after: 8 },
  { before: 3, after: 2 },
  { before: 8, after: 1 },
];

const KILLED = "the training process ended by SIGKILL";

/** Killed between its second evaluation and its third, or wherever the child has come to by then. */
const killedRun = async (spec: ExperimentSpec, threads: number): Promise<Told> => {
  const training = { spec, datasetsFolder, threads, checkpoint: null };
  const killed = await killInChild(training, 40);
  expect(killed.end).toBe(KILLED);
  expect(killed.checkpoint.final).toBe(false);
  expect(killed.checkpoint.weightUpdate).toBeLessThan(totalWeightUpdates(spec));
  expect(killed.rows.length).toBeGreaterThan(0);
  return killed;
};

const resumedRun = async (
  spec: ExperimentSpec,
  { checkpoint, rows }: Pick<Told, "checkpoint" | "rows">,
  threads: number,
): Promise<Result> => {
  const training = { spec, datasetsFolder, threads, checkpoint: checkpoint.bytes };
  const resumed = await trainInChild(training);
  expect(resumed.end).toBe("finished");
  expect(resumed.firstStep.engineId).toMatch(/^native\//);
  expect(resumed.firstStep.checkpointEngineId).toBe(resumed.firstStep.engineId);
  return {
    tensors: tensorsOf(resumed.checkpoint.bytes),
    rows: comparable([...rows, ...resumed.rows]),
  };
};

/** The checkpoint with one kind of moments zero, as if a resume had forgotten them. */
const withoutMoments = (bytes: Uint8Array, name: string): Uint8Array => {
  const { tensors, metadata } = readSafetensors(bytes);
  const forgotten = tensors.filter((tensor) => tensor.name.endsWith(name));
  expect(forgotten.length).toBeGreaterThan(0);
  for (const { values } of forgotten) values.fill(0);
  return writeSafetensors({ tensors, metadata });
};

describe.skipIf(isWithoutNative)(
  `promise: training child kill -9, resumed on other threads${whySkipped}`,
  () => {
    describe.each(ALGORITHMS)("%s", (algorithm) => {
      test.each(OPTIMISERS.map((optimiser, index) => ({ optimiser, ...THREADS[index] })))(
        "with $optimiser, on $before and then on $after, ends as if undisturbed",
        async ({ optimiser, before, after }) => {
          const spec = nativeSpec({ algorithm, optimiser });
          const killed = await killedRun(spec, before);
          const resumed = await resumedRun(spec, killed, after);
          expectEqualResults(resumed, await trainUndisturbed(spec, datasetsFolder));
          const moments = [...resumed.tensors.keys()].filter((name) => name.endsWith("_moment"));
          // Of the weights, the bias and ln Sigma of three layers.
          expect(moments).toHaveLength(9 * momentsOf(optimiser).length);
        },
      );
    });

    test.each(["dense", "cg"])(
      "pc_rc3 by gauss_newton, %s, ends as if undisturbed",
      async (solver) => {
        const inference = { method: "gauss_newton", outer_iterations: 2, solver };
        const spec = nativeSpec({ algorithm: "pc_rc3", inference });
        const resumed = await resumedRun(spec, await killedRun(spec, 2), 3);
        expectEqualResults(resumed, await trainUndisturbed(spec, datasetsFolder));
      },
    );

    test.each(["momentum", "adam", "adamw"] as const)(
      "with %s, a resume that forgot any of the moments would end otherwise, and is told apart",
      async (optimiser) => {
        const spec = nativeSpec({ algorithm: "pc_rc3", optimiser });
        const { checkpoint } = await killedRun(spec, 1);
        const expected = await trainHere({ spec, datasetsFolder, checkpoint: checkpoint.bytes });
        for (const parameter of ["weights", "bias", "log_variance"]) {
          for (const moment of momentsOf(optimiser)) {
            const forgetful = withoutMoments(checkpoint.bytes, `${parameter}.${moment}_moment`);
            const actual = await trainHere({ spec, datasetsFolder, checkpoint: forgetful });
            const compare = (): void => expectEqualResults(actual, expected);
            expect(compare, `${parameter}, ${moment}`).toThrow("layers.1.weights");
          }
        }
      },
    );
  },
);
