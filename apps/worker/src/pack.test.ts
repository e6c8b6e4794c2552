/** Packs in real processes, from their supervisor's side: who joins, who leaves, and what becomes of the process. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExperimentSpec, referenceEngine } from "@pclab/core";
import { writeSyntheticDataset } from "@pclab/storage";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { anySpec } from "../../../tests/storage.js";
import type { FromChild, TrainMessage } from "./messages.js";
import { createPacks } from "./packs.js";
import type { RunProcess } from "./runProcess.js";

let datasetsFolder: string;
beforeAll(async () => {
  // The child is a process of its own, and is run from the sources as this one is.
  vi.stubEnv("NODE_OPTIONS", "--import tsx --conditions=pclab-source");
  datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-packs-"));
  const sizes = { train: 60, test: 20, seed: 1 };
  await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), sizes);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(datasetsFolder, { recursive: true });
});

const specOf = (wire: Record<string, unknown> = {}): ExperimentSpec =>
  anySpec({
    engine: "reference",
    width: 8,
    train_size: 40,
    validation_size: 20,
    test_size: 20,
    batch_size: 8,
    epochs: 2,
    ...wire,
  });

interface Joined {
  process: RunProcess;
  messages: FromChild[];
  /** How the process ended, where it should not have. */
  ends: string[];
}

const packsOf = (runsPerPack: number | null, held?: number) => {
  const reference =
    held === undefined
      ? referenceEngine
      : { ...referenceEngine, packing: { maximumReplicas: () => held } };
  const packs = createPacks({
    runsPerPack,
    threads: 1,
    engines: { reference: () => reference },
    logger: pino({ level: "silent" }),
  });
  return async (spec: ExperimentSpec): Promise<Joined> => {
    const train: TrainMessage = {
      type: "train",
      spec,
      checkpoint: null,
      datasetsFolder,
      checkpointEverySeconds: Number.POSITIVE_INFINITY,
      slots: 1,
      engine: "reference",
      engineSettings: {},
      stopAfterEpochs: null,
      threads: 1,
    };
    const joined: Omit<Joined, "process"> = { messages: [], ends: [] };
    const process = await packs.start(train, {
      onMessage: (message) => void joined.messages.push(message),
      onLine: () => undefined,
      onUnexpectedEnd: ({ type, detail }) => void joined.ends.push(`${type}: ${detail}`),
    });
    return { process, ...joined };
  };
};

const untilFinished = async ({ messages, ends }: Joined): Promise<void> => {
  await vi.waitFor(() => expect(messages.at(-1)?.type).toBe("finished"), {
    timeout: 60_000,
    interval: 20,
  });
  expect(ends).toEqual([]);
};

const packIn = ({ messages }: Joined): unknown =>
  messages.flatMap((message) => (message.type === "first_step" ? [message.pack] : []))[0];

test("whoever comes while the process starts joins, up to as many as there may be; the next begin another", async () => {
  const start = packsOf(2);
  const joined = await Promise.all([0, 1, 2].map((seed) => start(specOf({ seed }))));
  for (const one of joined) await untilFinished(one);
  expect(joined.map(packIn)).toEqual([{ runs: 2, place: 1 }, { runs: 2, place: 2 }, null]);
  for (const { process } of joined) await process.kill();
});

test("one that leaves before the pack begins is none of it, and may be ended twice", async () => {
  const start = packsOf(3);
  const [leaving, staying] = await Promise.all([
    start(specOf()),
    start(specOf({ seed: 1, epochs: 400, evaluate_every: 100 })),
  ]);
  await leaving.process.stop(1_000);
  await vi.waitFor(() => expect(packIn(staying)).toBeNull(), { timeout: 60_000, interval: 20 });
  await leaving.process.kill();
  expect(leaving).toMatchObject({ messages: [], ends: [] });
  await untilFinished(staying);
  await staying.process.kill();
});

test("the engine says how many it holds, and a setting may say fewer; one that says nothing packs when told to", async () => {
  const packsIn = async (runsPerPack: number | null, held?: number): Promise<unknown[]> => {
    const start = packsOf(runsPerPack, held);
    const joined = await Promise.all([0, 1].map((seed) => start(specOf({ seed }))));
    for (const one of joined) {
      await untilFinished(one);
      await one.process.kill();
    }
    return joined.map((one) => packIn(one) !== null);
  };
  expect(await packsIn(null, 2)).toEqual([true, true]);
  expect(await packsIn(8, 1)).toEqual([false, false]);
  expect(await packsIn(1, 2)).toEqual([false, false]);
  expect(await packsIn(null)).toEqual([false, false]);
});
