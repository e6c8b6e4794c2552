import { type RunState, isTerminal } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pauseInsert, writeIsPaused } from "../../../tests/faults/pausedWrite.js";
import { TestStorage, fenceOf } from "../../../tests/storage.js";
import { actOnRun } from "./runActions.js";
import { listCheckpoints } from "./checkpoints.js";
import { type ClaimedRun, renewLeases } from "./claims.js";
import type { Database } from "./database.js";
import {
  type Fence,
  StaleEpochError,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordMetrics,
} from "./liveRuns.js";
import { listMetrics } from "./metrics.js";
import { giveUpRun, recoverLostRuns } from "./recovery.js";
import { listAttempts } from "./runs.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const row = { weightUpdate: 10, name: "test_loss", layer: null, value: 0.25 } as const;
const checkpoint = {
  attempt: 1,
  weightUpdate: 10,
  final: false,
  kept: false,
  bytes: new Uint8Array([1, 2, 3]),
};

const progress = { epoch: 1, weightUpdate: 9, totalWeightUpdates: 9, fraction: 1, secondsLeft: 0 };

const firstStep = { engine: "reference/float64", manifest: { seed: 3 }, numericsChanged: false };

/** Every write that an attempt can make. */
const WRITES: Record<string, (database: Database, fence: Fence) => Promise<unknown>> = {
  "first step": (database, fence) =>
    recordFirstStep(database, fence, {
      engine: "other",
      manifest: { stale: true },
      numericsChanged: true,
    }),
  metrics: (database, fence) => recordMetrics(database, fence, [row]),
  checkpoint: (database, fence) => recordCheckpoint(database, fence, checkpoint, [row]),
  "last step": (database, fence) => recordEnd(database, fence, { event: "last_step" }, null),
  fault: (database, fence) =>
    recordEnd(database, fence, { event: "fault", reason: "diverged", detail: "NaN" }, null),
  "giving up": (database, fence) => giveUpRun(database, fence, "crashed", "stale"),
};

/** Ways in which an attempt loses its run. */
const LOSSES: Record<string, (claimed: ClaimedRun) => Promise<void>> = {
  "the lease ran out and the run is queued again": async () => {
    await storage.endLeases();
    await recoverLostRuns(storage.database);
  },
  "another attempt trains the run": async ({ id }) => {
    await storage.endLeases();
    await recoverLostRuns(storage.database);
    const other = await storage.claim(id);
    await recordFirstStep(storage.database, fenceOf(other), firstStep);
  },
  "the run has succeeded": async (claimed) => {
    await recordEnd(storage.database, fenceOf(claimed), { event: "last_step" }, null);
  },
};

describe.each(Object.keys(LOSSES))("once %s", (loss) => {
  test.each(Object.keys(WRITES))("a stale %s is refused and changes nothing", async (write) => {
    const claimed = await storage.running();
    await LOSSES[loss](claimed);
    const before = await storage.run(claimed.id);
    const attempts = await listAttempts(storage.database, claimed.id);
    await expect(WRITES[write](storage.database, fenceOf(claimed))).rejects.toThrow(
      StaleEpochError,
    );
    expect(await storage.run(claimed.id)).toEqual(before);
    expect(await listAttempts(storage.database, claimed.id)).toEqual(attempts);
    expect(await listMetrics(storage.database, { runId: claimed.id })).toEqual([]);
    expect(await listCheckpoints(storage.database, claimed.id)).toEqual([]);
  });
});

test("the first step makes a run running, with its engine and manifest; repeating it changes nothing", async () => {
  const claimed = await storage.starting();
  await recordFirstStep(storage.database, fenceOf(claimed), firstStep);
  await recordFirstStep(storage.database, fenceOf(claimed), firstStep);
  const { engine, manifest } = firstStep;
  expect(await storage.run(claimed.id)).toMatchObject({ state: "running", engine, manifest });
});

test("a run that is canceled before its first step stays canceling", async () => {
  const claimed = await storage.starting();
  await actOnRun(storage.database, { userId: storage.userId, id: claimed.id }, "cancel");
  await recordFirstStep(storage.database, fenceOf(claimed), firstStep);
  expect((await storage.run(claimed.id)).state).toBe("canceling");
});

test("the attempt that resumed on another engine is marked, and the next claim sees its manifest", async () => {
  const first = await storage.starting();
  expect(first.manifest).toBeNull();
  await recordFirstStep(storage.database, fenceOf(first), firstStep);
  await recordCheckpoint(storage.database, fenceOf(first), checkpoint, []);
  await giveUpRun(storage.database, fenceOf(first), "handed_back", "drain");
  const second = await storage.claim(first.id);
  expect(second.manifest).toEqual(firstStep.manifest);
  await recordFirstStep(storage.database, fenceOf(second), firstStep);
  await giveUpRun(storage.database, fenceOf(second), "handed_back", "drain");
  const third = await storage.claim(first.id);
  const changed = { engine: "native/avx2", manifest: {}, numericsChanged: true };
  await recordFirstStep(storage.database, fenceOf(third), changed);
  const attempts = await listAttempts(storage.database, first.id);
  expect(attempts.map(({ numericsChanged }) => numericsChanged)).toEqual([false, false, true]);
});

test("a checkpoint and its rows commit together, and the crash budget starts anew", async () => {
  const first = await storage.running();
  await giveUpRun(storage.database, fenceOf(first), "crashed", "once");
  const second = await storage.claim(first.id);
  expect((await storage.run(first.id)).crashes).toBe(1);
  await recordCheckpoint(storage.database, fenceOf(second), checkpoint, [row]);
  expect((await storage.run(first.id)).crashes).toBe(0);
  expect(await listMetrics(storage.database, { runId: first.id })).toEqual([row]);
  expect(await listCheckpoints(storage.database, first.id)).toMatchObject([{ weightUpdate: 10 }]);
});

test("rows that cannot be stored take their checkpoint back with them", async () => {
  const claimed = await storage.running();
  const impossible = { ...row, layer: 100_000 };
  await expect(
    recordCheckpoint(storage.database, fenceOf(claimed), checkpoint, [impossible]),
  ).rejects.toThrow("out of range");
  expect(await listCheckpoints(storage.database, claimed.id)).toEqual([]);
});

test.each([
  ["metric rows", (fence: Fence) => recordMetrics(storage.database, fence, [row], progress)],
  [
    "a checkpoint and its rows",
    (fence: Fence) => recordCheckpoint(storage.database, fence, checkpoint, [row], progress),
  ],
])("%s bring the progress that they belong to", async (_, write) => {
  const claimed = await storage.running();
  await write(fenceOf(claimed));
  const run = await storage.run(claimed.id);
  expect(run).toMatchObject({ progressEpoch: 1, weightUpdates: 9, totalWeightUpdates: 9 });
});

test("a batch whose answer was lost may be written again", async () => {
  const claimed = await storage.running();
  await recordMetrics(storage.database, fenceOf(claimed), [row, { ...row, layer: 2 }]);
  await recordMetrics(storage.database, fenceOf(claimed), [row, { ...row, layer: 2 }]);
  expect(await listMetrics(storage.database, { runId: claimed.id })).toHaveLength(2);
});

const endings: [string, Parameters<typeof recordEnd>[2], RunState, string | null][] = [
  ["its last step", { event: "last_step" }, "succeeded", null],
  ["a fault", { event: "fault", reason: "diverged", detail: "NaN" }, "failed", "diverged"],
];
test.each(endings)("%s ends a run", async (_, ending, state, reason) => {
  const claimed = await storage.running();
  await recordEnd(storage.database, fenceOf(claimed), ending, progress);
  const run = await storage.run(claimed.id);
  expect(run).toMatchObject({ state, reason, weightUpdates: 9, leaseUntil: null, workerId: null });
  expect(isTerminal(run.state)).toBe(true);
  expect(run.finishedAt).not.toBeNull();
  expect(await listAttempts(storage.database, claimed.id)).toMatchObject([{ outcome: state }]);
});

test.each(endings)("a canceling run ends canceled, even on %s", async (_, ending) => {
  const claimed = await storage.running();
  await actOnRun(storage.database, { userId: storage.userId, id: claimed.id }, "cancel");
  await recordEnd(storage.database, fenceOf(claimed), ending, null);
  expect(await storage.run(claimed.id)).toMatchObject({ state: "canceled", reason: "user" });
});

test("heartbeats and recovery do not wait for the bytes of a checkpoint", async () => {
  const writing = await storage.running();
  const other = await storage.running();
  await pauseInsert(storage.database, { table: "checkpoint_chunks", nth: 1 });
  let isWritten = false;
  const write = recordCheckpoint(storage.database, fenceOf(writing), checkpoint, []).finally(() => {
    isWritten = true;
  });
  await expect.poll(() => writeIsPaused(storage.database), { timeout: 10_000 }).toBe(true);
  const pulses = [writing, other].map((run) => ({ ...fenceOf(run), progress: null }));
  expect(await renewLeases(storage.database, pulses, 60_000)).toHaveLength(2);
  await storage.endLeases();
  expect(await recoverLostRuns(storage.database)).toHaveLength(2);
  expect(isWritten).toBe(false);
  await expect(write).rejects.toThrow(StaleEpochError);
  expect(await listCheckpoints(storage.database, writing.id)).toEqual([]);
});
