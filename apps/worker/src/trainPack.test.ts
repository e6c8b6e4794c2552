/** What a pack's child tells of each member is what it would tell of the run alone, whatever becomes of the others. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ALGORITHMS,
  CLOCK_METRICS,
  type EngineFactory,
  type EngineRegistry,
  type ExperimentSpec,
  readSafetensors,
  referenceEngine,
  startEngine,
  startableEngines,
} from "@pclab/core";
import { writeSyntheticDataset } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anySpec } from "../../../tests/storage.js";
import { ENGINES } from "./engines.js";
import type { FromChild, FromPack, TrainMessage } from "./messages.js";
import { type TrainingPack, trainPack } from "./trainPack.js";
import { trainRun } from "./trainRun.js";

let datasetsFolder: string;
beforeAll(async () => {
  datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-pack-"));
  const sizes = { train: 60, test: 20, seed: 1 };
  await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), sizes);
});
afterAll(() => rm(datasetsFolder, { recursive: true }));

const specOf = (wire: Record<string, unknown>): ExperimentSpec =>
  anySpec({
    width: 8,
    depth: 2,
    train_size: 40,
    validation_size: 20,
    test_size: 20,
    batch_size: 8,
    epochs: 3,
    ...(wire["algorithm"] === "bp" ? {} : { inference: { steps: 16 } }),
    ...wire,
  });

const messageOf = (spec: ExperimentSpec, over: Partial<TrainMessage> = {}): TrainMessage => ({
  type: "train",
  spec,
  checkpoint: null,
  datasetsFolder,
  checkpointEverySeconds: Number.POSITIVE_INFINITY,
  slots: 1,
  engine: "auto",
  engineSettings: {},
  stopAfterEpochs: null,
  threads: 1,
  ...over,
});

/** Weights, rows and the end: what of a run's messages does not depend on the clock. */
const resultOf = (messages: readonly FromChild[]): object => {
  const checkpoint = messages.findLast((message) => message.type === "checkpoint");
  return {
    tensors: readSafetensors(checkpoint?.bytes ?? new Uint8Array()).tensors.map(
      ({ name, values }) => [name, Buffer.from(values.buffer)],
    ),
    rows: messages.flatMap((message) =>
      message.type === "metrics"
        ? message.rows.filter(({ name }) => !CLOCK_METRICS.includes(name))
        : [],
    ),
    end: messages.at(-1)?.type,
  };
};

const alone = async (message: TrainMessage, engines: EngineRegistry): Promise<object> => {
  const messages: FromChild[] = [];
  const control = { checkpointRequested: false, threads: 1 };
  const send = async (sent: FromChild): Promise<void> => void messages.push(sent);
  await trainRun(message, { engines, control, send });
  return resultOf(messages);
};

interface Told {
  /** In the order in which the members came to them. */
  left: number[];
  of: (member: number) => FromChild[];
}

/** `onMessage` may steer the pack by what has come. */
const packOf = async (
  members: TrainMessage[],
  engines: EngineRegistry,
  onMessage: (message: FromPack, pack: TrainingPack) => void = () => undefined,
): Promise<Told> => {
  const messages: FromPack[] = [];
  const send = async (message: FromPack): Promise<void> => {
    messages.push(message);
    onMessage(message, pack);
  };
  const pack: TrainingPack = trainPack(
    { type: "pack", members, mostThreads: 4 },
    { engines, send },
  );
  await pack.ended;
  return {
    left: messages.flatMap((message) => (message.type === "left" ? [message.member] : [])),
    of: (member) =>
      messages.flatMap((message) =>
        message.type === "from_member" && message.member === member ? [message.message] : [],
      ),
  };
};

describe.each(startableEngines(ENGINES))("on the %s engine", (name) => {
  const engines: EngineRegistry = { [name]: ENGINES[name] };
  const specs = ALGORITHMS.map((algorithm, seed) => specOf({ algorithm, seed, bias: true }));

  test("all algorithms in one pack give each the bytes that it gives alone", async () => {
    const told = await packOf(
      specs.map((spec) => messageOf(spec, { threads: 2 })),
      engines,
    );
    for (const [member, spec] of specs.entries()) {
      expect(resultOf(told.of(member)), spec.algorithm).toEqual(
        await alone(messageOf(spec), engines),
      );
      expect(told.of(member)[0]).toMatchObject({
        type: "first_step",
        engineId: startEngine(engines, name).id,
        pack: { runs: 5, place: member + 1 },
      });
    }
    expect(new Set(told.left)).toEqual(new Set(specs.keys()));
    expect(told.left).toHaveLength(specs.length);
  });

  test("one that leaves says nothing more but that it has, and the others end as if alone", async () => {
    const told = await packOf(
      specs.map((spec) => messageOf(spec)),
      engines,
      (message, pack) => {
        if (message.type !== "from_member" || message.member !== 3) return;
        if (message.message.type === "metrics") pack.tellMember(3, { type: "leave" });
      },
    );
    expect(told.of(3).map(({ type }) => type)).toEqual(["first_step", "progress", "metrics"]);
    expect(told.left[0]).toBe(3);
    for (const member of [0, 1, 2, 4]) {
      expect(resultOf(told.of(member))).toEqual(await alone(messageOf(specs[member]), engines));
    }
  });

  test("a checkpoint is asked of one member, and it goes on from there in another pack", async () => {
    const told = await packOf(
      specs.map((spec) => messageOf(spec)),
      engines,
      ({ type, ...message }, pack) => {
        if (type === "from_member" && message.member === 2)
          pack.tellMember(2, { type: "write_checkpoint" });
      },
    );
    const checkpoints = (member: number): FromChild[] =>
      told.of(member).filter(({ type }) => type === "checkpoint");
    expect(checkpoints(1)).toHaveLength(1);
    const [cut] = checkpoints(2);
    if (cut.type !== "checkpoint" || cut.final) throw new Error("no checkpoint on the way");
    const message = messageOf(specs[2], { checkpoint: cut.bytes });
    const resumed = await packOf([messageOf(specs[0]), message], engines);
    expect(resultOf(resumed.of(1))).toEqual(await alone(message, engines));
    expect(resultOf(resumed.of(0))).toEqual(await alone(messageOf(specs[0]), engines));
  });

  test("one diverges and one has too few images: each ends for its own reason, the third as if alone", async () => {
    const linear = { algorithm: "bp", activation: "identity", optimiser: "sgd" };
    const sound = messageOf(specOf({ ...linear, learning_rate: 1e-3 }));
    const told = await packOf(
      [
        messageOf(specOf({ ...linear, learning_rate: 1e20 })),
        messageOf(specOf({ ...linear, train_size: 70 })),
        sound,
      ],
      engines,
    );
    expect(told.of(0).at(-1)).toMatchObject({ type: "fault", reason: "diverged" });
    expect(told.of(1)).toMatchObject([{ type: "fault", reason: "user_error" }]);
    expect(resultOf(told.of(2))).toEqual(await alone(sound, engines));
  });
});

test("what the members share fails: nobody is blamed, and the child is to end", async () => {
  const failing: EngineFactory = {
    id: referenceEngine.id,
    create: async () => {
      throw new Error("no room for two");
    },
  };
  const messages: FromPack[] = [];
  const spec = specOf({ algorithm: "bp" });
  const { ended } = trainPack(
    { type: "pack", members: [messageOf(spec), messageOf(spec)], mostThreads: 1 },
    {
      engines: { reference: () => failing },
      send: async (message) => void messages.push(message),
    },
  );
  await expect(ended).rejects.toThrow("no room for two");
  expect(messages).toEqual([]);
});

test("members that want the same images share them", async () => {
  const shared: unknown[] = [];
  const watching: EngineFactory = {
    id: referenceEngine.id,
    create: async (options) => {
      const engine = await referenceEngine.create(options);
      const train = engine.trainMinibatch.bind(engine);
      return Object.assign(engine, {
        trainMinibatch: async (minibatches: Parameters<typeof train>[0]) => {
          shared.push(...minibatches.map((one) => one?.examples));
          return train(minibatches);
        },
      });
    },
  };
  const members = [0, 1, 2].map((seed) => messageOf(specOf({ algorithm: "bp", seed })));
  await packOf(members, { reference: () => watching });
  expect(new Set(shared).size).toBe(1);
});
