import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EngineRegistry,
  type ExperimentSpec,
  EngineError,
  engineIdOfCheckpoint,
  readSafetensors,
  referenceEngine,
  startableEngines,
} from "@pclab/core";
import { writeSyntheticDataset } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renamedEngine } from "../../../tests/renamedEngine.js";
import { anySpec } from "../../../tests/storage.js";
import { ENGINES } from "./engines.js";
import type { CheckpointMessage, FromChild, TrainMessage } from "./messages.js";
import { type Supervision, trainRun } from "./trainRun.js";

let datasetsFolder: string;
beforeAll(async () => {
  datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-train-"));
  const sizes = { train: 60, test: 20, seed: 1 };
  await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), sizes);
});
afterAll(() => rm(datasetsFolder, { recursive: true }));

const specOf = (wire: Record<string, unknown> = {}): ExperimentSpec =>
  anySpec({
    width: 8,
    depth: 2,
    train_size: 40,
    validation_size: 20,
    test_size: 20,
    batch_size: 8,
    epochs: 2,
    ...wire,
  });

interface Training extends Partial<Pick<TrainMessage, "spec" | "checkpoint" | "engine">> {
  engines?: EngineRegistry;
  /** Of the first minibatch, of the second, and so on; the last stay. */
  threads?: readonly number[];
  checkpointRequested?: boolean;
}

/** What the child tells while it trains. */
const messagesOf = async ({
  engines = ENGINES,
  threads = [1],
  checkpointRequested = false,
  ...message
}: Training): Promise<FromChild[]> => {
  let minibatches = 0;
  const control = {
    checkpointRequested,
    get threads() {
      minibatches += 1;
      return threads[Math.min(minibatches, threads.length) - 1];
    },
  };
  const messages: FromChild[] = [];
  const send: Supervision["send"] = async (sent) => {
    messages.push(sent);
  };
  const train: TrainMessage = {
    type: "train",
    spec: specOf(),
    checkpoint: null,
    datasetsFolder,
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
    stopAfterEpochs: null,
    engine: "auto",
    engineSettings: {},
    threads: threads[0],
    ...message,
  };
  await trainRun(train, { engines, control, send });
  return messages;
};

const firstStepOf = (messages: readonly FromChild[]): FromChild | undefined =>
  messages.find(({ type }) => type === "first_step");

const checkpointsOf = (messages: readonly FromChild[]): CheckpointMessage[] =>
  messages.filter((message) => message.type === "checkpoint");

describe("the engine of a run", () => {
  const native = renamedEngine("native/test");
  const engines: EngineRegistry = { native: () => native, reference: () => referenceEngine };
  const unbuilt: EngineRegistry = {
    ...engines,
    native: () => {
      throw new EngineError("engine_unsupported", "there is no compiler; apt-get install g++");
    },
  };
  const cutShort = async (registry: EngineRegistry): Promise<Uint8Array> => {
    const [first] = checkpointsOf(
      await messagesOf({ engines: registry, checkpointRequested: true }),
    );
    expect(first.final).toBe(false);
    return first.bytes;
  };

  test("is the best that starts, and is told with the first step", async () => {
    const best = await messagesOf({ engines });
    expect(firstStepOf(best)).toMatchObject({
      engineId: "native/test",
      checkpointEngineId: null,
    });
    expect(engineIdOfCheckpoint(checkpointsOf(best)[0].bytes)).toBe("native/test");
    const other = await messagesOf({ engines: unbuilt });
    expect(firstStepOf(other)).toMatchObject({ engineId: "reference/float64" });
  });

  test("by a name that cannot start ends the run with the reason, before anything is trained", async () => {
    const training = messagesOf({ engines: unbuilt, engine: "native" });
    await expect(training).rejects.toThrow(EngineError);
    await expect(training).rejects.toThrow("apt-get install g++");
  });

  test("goes on with that of the checkpoint, also where auto would take a better one by now", async () => {
    const checkpoint = await cutShort(unbuilt);
    const resumed = await messagesOf({ engines, checkpoint });
    expect(firstStepOf(resumed)).toMatchObject({
      engineId: "reference/float64",
      checkpointEngineId: "reference/float64",
    });
  });

  test("is another where that of the checkpoint cannot start, and both are told", async () => {
    const checkpoint = await cutShort(engines);
    const resumed = await messagesOf({ engines: unbuilt, checkpoint });
    expect(firstStepOf(resumed)).toMatchObject({
      engineId: "reference/float64",
      checkpointEngineId: "native/test",
    });
    expect(resumed.at(-1)).toMatchObject({ type: "finished" });
  });

  test("is refused for a checkpoint that is none", async () => {
    const checkpoint = new Uint8Array([1, 2, 3]);
    await expect(messagesOf({ engines, checkpoint })).rejects.toThrow("3 bytes");
  });
});

describe.each(startableEngines(ENGINES))("on the %s engine", (engine) => {
  test.each([
    ["bp", {}],
    ["pc_rc23", { inference: { steps: 16, update_every: 8 } }],
  ])(
    "%s gives the same bytes whatever its threads, also when they change",
    async (algorithm, wire) => {
      const spec = specOf({ algorithm, ...wire });
      const bytesWith = async (threads: readonly number[]): Promise<Buffer[]> => {
        const messages = await messagesOf({ spec, engine, threads });
        const final = checkpointsOf(messages).at(-1)?.bytes ?? new Uint8Array();
        return readSafetensors(final).tensors.map(({ values }) => Buffer.from(values.buffer));
      };
      const alone = await bytesWith([1]);
      expect(alone.length).toBeGreaterThan(0);
      for (const threads of [[2], [8], [3, 1, 2, 8, 1]]) {
        expect(await bytesWith(threads), threads.join()).toEqual(alone);
      }
    },
  );
});
