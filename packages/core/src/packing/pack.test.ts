/**
 * Runs in a pack end with the bytes and the metric rows that they have alone, whatever becomes of the others. What breaks
 * this makes a result depend on who was in the queue beside it.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { Engine, EngineFactory, EngineOptions, Minibatch } from "../engine/engine.js";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { ALGORITHMS } from "../experiment/vocabulary.js";
import { DivergedError } from "../training/divergedError.js";
import type { MetricRow, TrainingEvent } from "../training/events.js";
import { readSafetensors } from "../training/safetensors.js";
import {
  eventsOf,
  finalBytesOf,
  rowsOf,
  smallOptions,
  smallSpec,
  withoutClocks,
} from "../training/smallRun.js";
import { canonicalJson } from "../validation/canonicalJson.js";
import { type TrainingOptions, train } from "../training/train.js";
import { type PackMember, createPack } from "./pack.js";
import { PackError, PackLeftError } from "./packError.js";

/** The reference engine, noting what it is asked for. */
class Observed {
  created: EngineOptions[] = [];
  disposed = 0;
  /** Of each call: which replicas trained. */
  steps: string[] = [];
  threads: number[] = [];
  calls = 0;

  readonly factory: EngineFactory = {
    id: referenceEngine.id,
    create: async (options) => {
      this.created.push(options);
      return this.#observe(await referenceEngine.create(options));
    },
  };

  #observe(engine: Engine): Engine {
    return new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return async (...given: unknown[]) => {
          if (name === "setThreads") this.threads.push(Number(given[0]));
          if (name === "setThreads") return;
          expect(this.calls, "calls at a time").toBe(0);
          this.calls += 1;
          // A turn, in which another member's call could come between.
          await new Promise((resolve) => setImmediate(resolve));
          if (name === "dispose") this.disposed += 1;
          if (name === "trainMinibatch") this.steps.push(stepOf(given[0] as (Minibatch | null)[]));
          const answer: unknown = await Reflect.apply(value, target, given);
          this.calls -= 1;
          return answer;
        };
      },
    });
  }
}

const stepOf = (minibatches: readonly (Minibatch | null)[]): string =>
  minibatches.map((one) => (one === null ? "." : "x")).join("");

let observed = new Observed();
afterEach(() => {
  expect(observed.disposed, "engines left behind").toBe(observed.created.length);
  observed = new Observed();
});

interface End {
  tensors: Map<string, Buffer>;
  rows: MetricRow[];
}

const endOf = (events: TrainingEvent[]): End => ({
  tensors: new Map(
    readSafetensors(finalBytesOf(events)).tensors.map(({ name, values }) => [
      name,
      Buffer.from(values.buffer),
    ]),
  ),
  rows: withoutClocks(rowsOf(events)),
});

const trainedAlone = new Map<string, Promise<End>>();

const alone = (spec: ExperimentSpec, checkpoint: Uint8Array | null = null): Promise<End> => {
  const key = `${canonicalJson(spec)} ${checkpoint?.byteLength}`;
  const training =
    trainedAlone.get(key) ?? eventsOf({ ...smallOptions(spec), checkpoint }).then(endOf);
  trainedAlone.set(key, training);
  return training;
};

/** As the training child does: whatever ends a member, it leaves. */
const trainMember = async (
  member: PackMember,
  options: TrainingOptions,
): Promise<TrainingEvent[]> => {
  try {
    return await eventsOf({ ...options, engine: member.engine });
  } finally {
    await member.leave();
  }
};

const trainPack = (specs: readonly ExperimentSpec[]): Promise<End[]> =>
  Promise.all(
    createPack(observed.factory, specs).map(async (member, place) =>
      endOf(await trainMember(member, smallOptions(specs[place]))),
    ),
  );

test("all algorithms in one pack end as each does alone, in one engine and one call a step", async () => {
  const specs = ALGORITHMS.map((algorithm, seed) => smallSpec({ algorithm, seed, bias: true }));
  const ends = await trainPack(specs);
  for (const [place, spec] of specs.entries()) {
    expect(ends[place], spec.algorithm).toEqual(await alone(spec));
  }
  expect(observed.created.map(({ replicas }) => replicas.length)).toEqual([5]);
  // Six minibatches an epoch, two epochs.
  expect(observed.steps).toEqual(Array.from({ length: 12 }, () => "xxxxx"));
});

test("members of other lengths, evaluations and short last minibatches go in step until each has ended", async () => {
  const specs = [
    smallSpec({ algorithm: "pc", epochs: 1, evaluate_every: 0.5 }),
    smallSpec({ algorithm: "pc_rc2", epochs: 3, evaluate_every: 1, train_size: 17, seed: 1 }),
    smallSpec({ algorithm: "pc_rc23", epochs: 2, evaluate_every: 0.1, seed: 2 }),
  ];
  const ends = await trainPack(specs);
  for (const [place, spec] of specs.entries()) expect(ends[place]).toEqual(await alone(spec));
  expect(observed.steps.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => "xxx"));
  expect(observed.steps.slice(6, 12)).toEqual(Array.from({ length: 6 }, () => ".xx"));
  expect(observed.steps.slice(12)).toEqual(Array.from({ length: 3 }, () => ".x."));
});

test("one diverges: it alone fails, with the step that it fails with alone", async () => {
  const linear = { activation: "identity" };
  const specs = [
    smallSpec({ ...linear, algorithm: "bp", optimiser: "sgd", learning_rate: 1e8 }),
    smallSpec({ ...linear, algorithm: "pc" }),
    smallSpec({ ...linear, algorithm: "bp" }),
  ];
  const members = createPack(observed.factory, specs);
  const [failure, ...ends] = await Promise.all(
    members.map((member, place) =>
      trainMember(member, smallOptions(specs[place])).catch((error: unknown) => error),
    ),
  );
  const reason = await eventsOf(smallOptions(specs[0])).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(DivergedError);
  expect(failure).toEqual(reason);
  for (const [place, events] of ends.entries()) {
    expect(endOf(events as TrainingEvent[])).toEqual(await alone(specs[place + 1]));
  }
});

test("one resumes from a checkpoint at another step than the others, and ends the same", async () => {
  const spec = smallSpec({ algorithm: "pc_rc23", seed: 4 });
  const options = smallOptions(spec);
  let checkpoint = new Uint8Array();
  let minibatches = 0;
  for await (const event of train(options)) {
    if (event.type === "progress") minibatches += 1;
    options.control.checkpointRequested = minibatches === 5;
    if (event.type !== "checkpoint") continue;
    checkpoint = new Uint8Array(event.bytes);
    break;
  }
  const other = smallSpec({ algorithm: "pc" });
  const [resuming, fresh] = createPack(observed.factory, [spec, other]);
  const [resumed, begun] = await Promise.all([
    trainMember(resuming, { ...smallOptions(spec), checkpoint }),
    trainMember(fresh, smallOptions(other)),
  ]);
  expect(endOf(resumed)).toEqual(await alone(spec, checkpoint));
  expect(endOf(resumed).tensors).toEqual((await alone(spec)).tensors);
  expect(endOf(begun)).toEqual(await alone(other));
  expect(observed.steps[0]).toBe("xx");
  expect(observed.steps.at(-1)).toBe(".x");
});

describe("a member that leaves", () => {
  /** Takes the first member out after so many of its minibatches, while the others train to their ends. */
  const leaveAfter = async (minibatches: number): Promise<unknown> => {
    const specs = ALGORITHMS.map((algorithm) => smallSpec({ algorithm }));
    const members = createPack(observed.factory, specs);
    const [first, ...rest] = members.map(async (member, place) => {
      const events: TrainingEvent[] = [];
      let done = 0;
      try {
        for await (const event of train({ ...smallOptions(specs[place]), engine: member.engine })) {
          events.push(event);
          if (event.type === "progress") done += 1;
          // Asked from outside, as a message does, and not by the loop itself.
          if (place === 0 && done === minibatches) setImmediate(() => void member.leave());
        }
        return events;
      } finally {
        await member.leave();
      }
    });
    if (minibatches === 0) await members[0].leave();
    const outcome = await first.catch((error: unknown) => error);
    for (const [place, events] of (await Promise.all(rest)).entries()) {
      expect(endOf(events)).toEqual(await alone(specs[place + 1]));
    }
    return outcome;
  };

  test.each([0, 1, 5, 7])(
    "after %i minibatches is told so at its next call, and the others end as if alone",
    async (minibatches) => {
      expect(await leaveAfter(minibatches)).toBeInstanceOf(PackLeftError);
      expect(observed.steps).toContain(".xxxx");
    },
  );

  test("before it has asked for its engine is not waited for", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    const [member, absent] = createPack(observed.factory, [spec, spec]);
    const training = trainMember(member, smallOptions(spec));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(observed.steps).toEqual([]);
    await absent.leave();
    expect(endOf(await training)).toEqual(await alone(spec));
    await expect(absent.engine.create(observed.created[0])).rejects.toThrow(/another network/);
  });

  test("leaves once, however often it does", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    const [member] = createPack(observed.factory, [spec]);
    await trainMember(member, smallOptions(spec));
    await member.leave();
    expect(observed.disposed).toBe(1);
  });
});

test("threads: the engine gets the sum of the parts of those that are there, up to the most", async () => {
  const specs = [
    smallSpec({ algorithm: "bp", epochs: 1 }),
    smallSpec({ algorithm: "bp", epochs: 2 }),
  ];
  const members = createPack(observed.factory, specs);
  await Promise.all(
    members.map((member, place) => {
      const options = smallOptions(specs[place]);
      options.control.threads = 2 + place;
      return trainMember(member, options);
    }),
  );
  expect(observed.threads).toContain(5);
  expect(observed.threads.at(-1)).toBe(3);
  const [member] = createPack(observed.factory, [specs[0]], { mostThreads: 1 });
  await trainMember(member, {
    ...smallOptions(specs[0]),
    control: { checkpointRequested: false, threads: 8 },
  });
  expect(observed.threads.at(-1)).toBe(1);
});

describe("an engine that fails in what the members share", () => {
  const failing = (over: (engine: Engine) => Partial<Engine>): EngineFactory => ({
    id: referenceEngine.id,
    create: async (options) => {
      const engine = await referenceEngine.create(options);
      return Object.assign(engine, over(engine));
    },
  });
  const spec = smallSpec({ algorithm: "bp" });
  const outcomes = (factory: EngineFactory): Promise<unknown[]> =>
    Promise.all(
      createPack(factory, [spec, spec]).map((member) =>
        trainMember(member, smallOptions(spec)).catch((error: unknown) => error),
      ),
    );

  test("ends all of them, and blames none", async () => {
    const factory = failing(() => ({
      trainMinibatch: async () => {
        throw new Error("the device is gone");
      },
    }));
    for (const outcome of await outcomes(factory)) {
      expect(outcome).toBeInstanceOf(PackError);
      expect(String(outcome)).toContain("the device is gone");
    }
  });

  test("or cannot be made, likewise", async () => {
    const factory: EngineFactory = {
      id: referenceEngine.id,
      create: async () => {
        throw new Error("no room for 2 replicas");
      },
    };
    for (const outcome of await outcomes(factory)) {
      expect(outcome).toBeInstanceOf(PackError);
      expect(String(outcome)).toContain("no room");
    }
  });

  test("a call for one member alone fails that member alone", async () => {
    let loads = 0;
    const factory = failing((engine) => {
      const loadState = engine.loadState.bind(engine);
      return {
        loadState: async (replica, state) => {
          loads += 1;
          if (loads === 1) throw new Error("a state that does not fit");
          await loadState(replica, state);
        },
      };
    });
    const [first, second] = await outcomes(factory);
    expect(first).toMatchObject({ name: "Error", message: "a state that does not fit" });
    expect(endOf(second as TrainingEvent[])).toEqual(await alone(spec));
  });
});

test("networks of several shapes or batch sizes are no pack", () => {
  const spec = smallSpec({ algorithm: "bp" });
  expect(() =>
    createPack(observed.factory, [spec, smallSpec({ algorithm: "bp", width: 7 })]),
  ).toThrow("has no place for");
  expect(() =>
    createPack(observed.factory, [spec, smallSpec({ algorithm: "bp", batch_size: 5 })]),
  ).toThrow("has no place for");
});
