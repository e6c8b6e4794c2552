/**
 * Runs that train in one process and one engine. Whatever becomes of one of them, and of their process, each ends with
 * the bytes of a run that trained alone and undisturbed.
 */
import type { ExperimentSpec } from "@pclab/core";
import { actOnRun, listAttempts, listRunEvents } from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";
import { isWithoutNative, whySkipped } from "./withoutNative.js";
import { type WorkerProcess, untilGone } from "./workerProcess.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

const long = { epochs: 48, evaluate_every: 8 };

/** One shape and one schedule of inference; the rest differs. */
const specs = [
  smallSpec({ ...long, algorithm: "pc", optimiser: "adam" }),
  smallSpec({ ...long, algorithm: "pc_rc23", optimiser: "momentum", seed: 1 }),
  smallSpec({ ...long, algorithm: "pc_rc3", optimiser: "sgd", seed: 2, evaluate_every: 6 }),
];

const endless = smallSpec({ algorithm: "pc", epochs: 10_000, evaluate_every: 1_000, seed: 9 });

const act = (id: string, action: "pause" | "resume" | "cancel") =>
  actOnRun(lab.database, { userId: lab.userId, id }, action);

const expectAsIfUndisturbed = async (id: string, spec: ExperimentSpec): Promise<void> => {
  await lab.untilState(id, "succeeded", 120_000);
  expectEqualResults(
    await storedResult(lab.database, id),
    await trainUndisturbed(spec, lab.datasetsFolder),
  );
};

const outcomesOf = async (id: string): Promise<(string | null)[]> =>
  (await listAttempts(lab.database, id)).map(({ outcome }) => outcome);

/** The pack that the manifest of a run names. */
const packOf = async (id: string): Promise<unknown> => {
  const { manifest } = await lab.run(id);
  return (manifest as { pack?: unknown } | null)?.pack;
};

/** Submits them and waits until they train: in one process, all of them. */
const startPack = async (
  worker: WorkerProcess,
  members: readonly ExperimentSpec[],
): Promise<{ runIds: string[]; pid: number }> => {
  const { runIds } = await lab.submit(members);
  for (const id of runIds) await lab.untilState(id, "running");
  const [pid, ...others] = worker.childPids();
  expect(others).toEqual([]);
  const runs = members.length;
  const places = await Promise.all(runIds.map(packOf));
  expect(new Set(places.map((place) => JSON.stringify(place)))).toEqual(
    new Set(members.map((_, index) => JSON.stringify({ runs, place: index + 1 }))),
  );
  return { runIds, pid };
};

const startWorker = (settings: { pack?: number; checkpointSeconds?: number } = {}): WorkerProcess =>
  lab.startWorker({ slots: 4, pack: 4, ...settings });

describe("promise: packing, runs of one shape train in one process", () => {
  test("and end as if each was alone, one of them diverging on the way", async () => {
    const worker = startWorker();
    const wild = { algorithm: "pc", optimiser: "sgd", learning_rate: 1e12, epochs: 48 };
    const { runIds } = await lab.submit([...specs, smallSpec(wild)]);
    const failed = await lab.untilState(runIds[3], "failed");
    expect(failed.reason).toBe("diverged");
    expect(await outcomesOf(runIds[3])).toEqual(["failed"]);
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index], spec);
      expect(await outcomesOf(runIds[index])).toEqual(["succeeded"]);
      expect(await packOf(runIds[index])).toMatchObject({ runs: 4 });
    }
    const events = await listRunEvents(lab.database, runIds[0], {
      after: 0,
      limit: 1000,
      types: ["log"],
    });
    expect(events.map(({ data }) => String(data["message"])).join("\n")).toMatch(
      /it trains in a pack of 4 runs, as number \d/,
    );
    await lab.until("the child to go", 10_000, async () =>
      worker.childPids().length === 0 ? true : null,
    );
  });

  test.skipIf(isWithoutNative)(
    `on the native engine, and end as if each was alone${whySkipped}`,
    async () => {
      const native = { engine: "native", width: 37, batch_size: 50, epochs: 30, bias: true };
      const members = (["pc", "pc_rc2", "pc_rc3", "pc_rc23"] as const).map((algorithm, seed) =>
        smallSpec({ ...native, algorithm, seed }),
      );
      startWorker();
      const { runIds } = await lab.submit(members);
      for (const [index, spec] of members.entries()) {
        await expectAsIfUndisturbed(runIds[index], spec);
        expect(await packOf(runIds[index])).toMatchObject({ runs: 4 });
      }
    },
    240_000,
  );

  test("one is canceled, and the others go on in the same process", async () => {
    const worker = startWorker({ checkpointSeconds: 600 });
    const { runIds, pid } = await startPack(worker, [endless, ...specs]);
    await act(runIds[0], "cancel");
    const canceled = await lab.untilState(runIds[0], "canceled", 15_000);
    expect(canceled.reason).toBe("user");
    expect(worker.childPids()).toEqual([pid]);
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index + 1], spec);
      expect(await outcomesOf(runIds[index + 1])).toEqual(["succeeded"]);
    }
  });

  test("one is paused at a checkpoint, goes on later with others, and none of them notices", async () => {
    const worker = startWorker({ checkpointSeconds: 600 });
    const { runIds, pid } = await startPack(worker, specs);
    await act(runIds[1], "pause");
    await lab.untilState(runIds[1], "paused", 15_000);
    expect(worker.childPids()).toEqual([pid]);
    await act(runIds[1], "resume");
    const later = { ...specs[0], seed: 77 };
    const laterId = await lab.submitOne(later);
    for (const [index, spec] of specs.entries()) await expectAsIfUndisturbed(runIds[index], spec);
    await expectAsIfUndisturbed(laterId, later);
    expect(await outcomesOf(runIds[0])).toEqual(["succeeded"]);
    expect(await outcomesOf(runIds[1])).toEqual(["paused", "succeeded"]);
    const [, second] = await listAttempts(lab.database, runIds[1]);
    expect(second.resumedFrom).toBeGreaterThan(0);
  });

  test("their process is killed: each resumes from its checkpoint, alone", async () => {
    const worker = startWorker();
    const { runIds, pid } = await startPack(worker, specs);
    for (const id of runIds) await lab.untilCheckpoint(id);
    process.kill(pid, "SIGKILL");
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index], spec);
      expect(await outcomesOf(runIds[index])).toEqual(["crashed", "succeeded"]);
      const [first, second] = await listAttempts(lab.database, runIds[index]);
      expect(first.detail).toContain("SIGKILL");
      expect(second.resumedFrom).toBeGreaterThan(0);
      expect(await packOf(runIds[index])).toBeNull();
    }
  });

  test("their worker is killed: they resume elsewhere, in a pack again", async () => {
    const worker = startWorker();
    const { runIds, pid } = await startPack(worker, specs);
    for (const id of runIds) await lab.untilCheckpoint(id);
    await worker.kill();
    await untilGone([pid]);
    startWorker();
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index], spec);
      expect(await outcomesOf(runIds[index])).toEqual(["lost", "succeeded"]);
      expect(await packOf(runIds[index])).toMatchObject({ runs: 3 });
    }
  });

  test("their worker drains: all are handed back with a checkpoint, and go on in a pack", async () => {
    const worker = startWorker({ checkpointSeconds: 600 });
    const { runIds } = await startPack(worker, specs);
    worker.signal("SIGTERM");
    expect(await worker.exited).toBe(0);
    for (const id of runIds)
      expect(await lab.run(id)).toMatchObject({ state: "queued", crashes: 0 });
    startWorker();
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index], spec);
      expect(await outcomesOf(runIds[index])).toEqual(["handed_back", "succeeded"]);
      const [, second] = await listAttempts(lab.database, runIds[index]);
      expect(second.resumedFrom).toBeGreaterThan(0);
      expect(await packOf(runIds[index])).toMatchObject({ runs: 3 });
    }
  });

  test("a poison run among them uses up its own crash budget, and one crash of theirs", async () => {
    const worker = startWorker({ checkpointSeconds: 600 });
    const { runIds, pid } = await startPack(worker, [endless, ...specs]);
    process.kill(pid, "SIGSEGV");
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index + 1], spec);
      expect(await outcomesOf(runIds[index + 1])).toEqual(["crashed", "succeeded"]);
    }
    for (const attempt of [2, 3]) {
      const [alone] = await lab.until(`attempt ${attempt} to train alone`, 30_000, async () => {
        const run = await lab.run(runIds[0]);
        const children = worker.childPids();
        const trains = run.attempt === attempt && run.state === "running";
        return trains && children.length === 1 ? children : null;
      });
      process.kill(alone, "SIGSEGV");
    }
    const run = await lab.untilState(runIds[0], "failed", 20_000);
    expect(run.reason).toBe("crash_loop");
    expect(await outcomesOf(runIds[0])).toEqual(["crashed", "crashed", "crashed"]);
  });

  test("a process that answers no more does not keep a canceled run, and costs the others no crash", async () => {
    const worker = startWorker({ checkpointSeconds: 600 });
    const { runIds, pid } = await startPack(worker, [endless, ...specs]);
    process.kill(pid, "SIGSTOP");
    await act(runIds[0], "cancel");
    await lab.untilState(runIds[0], "canceled", 30_000);
    await untilGone([pid]);
    for (const [index, spec] of specs.entries()) {
      await expectAsIfUndisturbed(runIds[index + 1], spec);
      expect(await outcomesOf(runIds[index + 1])).toEqual(["handed_back", "succeeded"]);
    }
  });
});

describe("what does not pack", () => {
  test("runs of other shapes, of other steps, and those that want the worker for themselves", async () => {
    const short = { epochs: 4, evaluate_every: 4 };
    const members = [
      smallSpec({ ...short, algorithm: "pc" }),
      smallSpec({ ...short, algorithm: "pc", width: 9 }),
      smallSpec({ ...short, algorithm: "bp" }),
      smallSpec({ ...short, algorithm: "pc", timing: "exclusive" }),
    ];
    startWorker();
    const { runIds } = await lab.submit(members);
    for (const [index, spec] of members.entries()) {
      await expectAsIfUndisturbed(runIds[index], spec);
      expect(await packOf(runIds[index])).toBeNull();
    }
  });

  test("runs of a worker that was not told to, on an engine that does not pack", async () => {
    lab.startWorker({ slots: 2 });
    const { runIds } = await lab.submit(specs.slice(0, 2));
    for (const id of runIds) await lab.untilState(id, "running");
    for (const id of runIds) expect(await packOf(id)).toBeNull();
    for (const id of runIds) await act(id, "cancel");
  });
});
