import { type AnalysisSettings, parseAnalysis } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestStorage, fenceOf, waitingWork } from "../../../tests/storage.js";
import {
  AnalysisEndedError,
  type AnalysisRow,
  MAX_QUEUED_ANALYSES_PER_USER,
  QueuedAnalysesQuotaError,
  cancelAnalysis,
  findAnalysis,
  listAnalysisPoints,
  storeAnalysis,
} from "./analyses.js";
import {
  type AnalysisFence,
  StaleAnalysisError,
  claimAnalysis,
  failOrphanedAnalyses,
  giveUpAnalysis,
  recordAnalysisEnd,
  recordAnalysisPoints,
  recoverLostAnalyses,
  renewAnalysisLeases,
} from "./analysisLeases.js";
import type { Database } from "./database.js";
import { actOnSweep } from "./sweepActions.js";
import { dispatchedWork, forgetDispatch, markDispatched } from "./dispatch.js";
import { listCheckpoints } from "./checkpoints.js";
import { recordCheckpoint, recordEnd } from "./liveRuns.js";
import { findSweep } from "./sweeps.js";
import { findOrCreateUser } from "./users.js";
import { capacity, registerWorker } from "./workers.js";

let storage: TestStorage;
let database: Database;
beforeEach(async () => {
  storage = await TestStorage.open();
  database = storage.database;
});
afterEach(() => storage.close());

const settings = (): AnalysisSettings => {
  const parsed = parseAnalysis({ kind: "landscape", dimensions: 1, resolution: 5 });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};

const analysis = (checkpointId: string | null = null) => ({
  checkpointId,
  settings: settings(),
  estimatedSeconds: 1,
});

const submit = (runId: string): Promise<AnalysisRow> =>
  storeAnalysis(database, { userId: storage.userId, runId, ...analysis() });

/** A run that has succeeded, with its checkpoint. */
const trained = async (): Promise<string> => {
  const run = await storage.running();
  const bytes = new Uint8Array([1, 2, 3]);
  await recordCheckpoint(
    database,
    fenceOf(run),
    { attempt: 1, weightUpdate: 10, final: true, kept: false, bytes },
    [],
  );
  await recordEnd(database, fenceOf(run), { event: "last_step" }, null);
  return run.id;
};

const claim = async (id: string, epoch = 0, leaseMs = 60_000): Promise<AnalysisFence> => {
  const fence = { analysisId: id, epoch };
  const claimed = await claimAnalysis(database, { ...fence, workerId: "wrk_test", leaseMs });
  if (claimed === null) throw new Error(`${id} could not be claimed`);
  return { analysisId: id, epoch: claimed.epoch };
};

const read = async (id: string): Promise<AnalysisRow> => {
  const row = await findAnalysis(database, { userId: storage.userId, id });
  if (row === null) throw new Error(`no analysis ${id}`);
  return row;
};

const point = (index: number) => ({ index, value: index / 2, accuracy: 0.5 });
const write = (fence: AnalysisFence, ...indices: number[]) =>
  recordAnalysisPoints(database, fence, { engine: "reference", points: indices.map(point) });

test("an analysis waits in line once its run has succeeded", async () => {
  const run = await storage.running();
  const early = await submit(run.id);
  expect(await waitingWork(database)).toEqual([]);
  const id = await trained();
  const due = await submit(id);
  const waiting = await storage.queued();
  expect((await waitingWork(database)).map((work) => work.id)).toEqual([due.id, waiting]);
  expect((await read(early.id)).state).toBe("queued");
});

test("what is marked as handed out is known, until the mark is forgotten", async () => {
  const { id } = await submit(await trained());
  const runId = await storage.queued();
  const works = await waitingWork(database);
  expect(await markDispatched(database, works)).toHaveLength(2);
  expect((await dispatchedWork(database)).map((work) => work.id)).toEqual([id, runId]);
  await forgetDispatch(database, works);
  expect(await dispatchedWork(database)).toEqual([]);
  expect(await waitingWork(database)).toEqual(works);
});

test("of several claims of one epoch one succeeds, and it is given what it needs", async () => {
  const { id } = await submit(await trained());
  const request = { analysisId: id, epoch: 0, workerId: "wrk_test", leaseMs: 60_000 };
  const claims = await Promise.all(
    Array.from({ length: 5 }, () => claimAnalysis(database, request)),
  );
  const [claimed] = claims.filter((one) => one !== null);
  expect(claims.filter((one) => one !== null)).toHaveLength(1);
  expect(claimed).toMatchObject({ id, epoch: 1, done: 0, checkpoint: { weightUpdate: 10 } });
  expect(claimed?.settings).toEqual(settings());
});

test("a running analysis takes a slot of its worker", async () => {
  await registerWorker(database, {
    id: "wrk_test",
    host: "here",
    pid: 1,
    slots: 2,
    engines: ["reference"],
    version: "0",
  });
  const { id } = await submit(await trained());
  await claim(id);
  expect(await capacity(database, 60_000)).toEqual({
    workers: 1,
    slots: 2,
    largestWorker: 2,
    busySlots: 1,
  });
});

test("points are stored as they come, once; a later attempt is told how many there are", async () => {
  const { id } = await submit(await trained());
  const fence = await claim(id);
  await write(fence, 0, 1);
  await write(fence, 1, 2);
  expect(await listAnalysisPoints(database, id)).toEqual([0, 1, 2].map(point));
  await giveUpAnalysis(database, fence, "handed_back", "the worker drains");
  const { state, epoch } = await read(id);
  expect(state).toBe("queued");
  const next = { analysisId: id, epoch, workerId: "wrk_other", leaseMs: 60_000 };
  expect(await claimAnalysis(database, next)).toMatchObject({ done: 3 });
});

test("more queued analyses than a user may have are refused; another user's do not count", async () => {
  const runId = await trained();
  const rows = Array.from({ length: MAX_QUEUED_ANALYSES_PER_USER }, (_, index) => ({
    id: `ana_${index}`,
    userId: storage.userId,
    runId,
    kind: "weights",
    settings: {},
    estimatedSeconds: 1,
    total: 1,
  }));
  await database.prisma.analysis.createMany({ data: rows });
  await expect(submit(runId)).rejects.toThrow(QueuedAnalysesQuotaError);
  const { id: userId } = await findOrCreateUser(database, "ben");
  await storeAnalysis(database, { userId, runId, ...analysis() });
});

test("a point that is not finite is stored as null", async () => {
  const { id } = await submit(await trained());
  const points = [{ index: 0, value: null, accuracy: null }];
  await recordAnalysisPoints(database, await claim(id), { engine: "reference", points });
  expect(await listAnalysisPoints(database, id)).toEqual(points);
});

/** Every write that an attempt can make. */
const WRITES: Record<string, (fence: AnalysisFence) => Promise<unknown>> = {
  points: (fence) => write(fence, 4),
  "the end": (fence) =>
    recordAnalysisEnd(database, fence, { type: "succeeded", engine: "other", result: {} }),
  "giving up": (fence) => giveUpAnalysis(database, fence, "crashed", "stale"),
};

describe.each(Object.entries(WRITES))("%s of an attempt that lost its analysis", (_, stale) => {
  test("changes nothing", async () => {
    const { id } = await submit(await trained());
    const first = await claim(id, 0, 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await recoverLostAnalyses(database)).toEqual([id]);
    const { epoch } = await read(id);
    await claim(id, epoch);
    const before = await read(id);
    await expect(stale(first)).rejects.toThrow(StaleAnalysisError);
    expect(await read(id)).toEqual(before);
    expect(await listAnalysisPoints(database, id)).toEqual([]);
  });
});

test("a lease is renewed for its holder alone, and says that the analysis is to be cancelled", async () => {
  const { id } = await submit(await trained());
  const fence = await claim(id);
  const stale = { ...fence, epoch: fence.epoch - 1 };
  expect(await renewAnalysisLeases(database, [stale], 60_000)).toEqual([]);
  expect(await renewAnalysisLeases(database, [fence], 60_000)).toEqual([
    { ...fence, isCanceling: false },
  ]);
  await cancelAnalysis(database, { userId: storage.userId, id });
  expect(await renewAnalysisLeases(database, [fence], 60_000)).toEqual([
    { ...fence, isCanceling: true },
  ]);
});

test("three crashes without a point in between end it; a point in between starts the count anew", async () => {
  const { id } = await submit(await trained());
  const crash = async (...points: number[]) => {
    const { epoch } = await read(id);
    const fence = await claim(id, epoch);
    if (points.length > 0) await write(fence, ...points);
    await giveUpAnalysis(database, fence, "crashed", "killed");
    return (await read(id)).state;
  };
  expect(await crash()).toBe("queued");
  expect(await crash()).toBe("queued");
  expect(await crash(0)).toBe("queued");
  expect(await crash()).toBe("queued");
  expect(await crash()).toBe("failed");
  expect(await read(id)).toMatchObject({ reason: "crash_loop", leaseUntil: null });
});

describe("cancelling", () => {
  const cancel = (id: string, userId = storage.userId) => cancelAnalysis(database, { userId, id });

  test("ends what waits at once, and twice changes nothing", async () => {
    const { id } = await submit(await trained());
    expect(await cancel(id)).toMatchObject({ changed: true, analysis: { state: "canceled" } });
    expect(await cancel(id)).toMatchObject({ changed: false });
    expect(await waitingWork(database)).toEqual([]);
  });

  test("of what runs waits for its worker, whatever that writes last", async () => {
    const { id } = await submit(await trained());
    const fence = await claim(id);
    expect(await cancel(id)).toMatchObject({ changed: true, analysis: { state: "running" } });
    await recordAnalysisEnd(database, fence, { type: "succeeded", engine: "any", result: {} });
    expect(await read(id)).toMatchObject({ state: "canceled", reason: "user", result: null });
  });

  test("of what has ended is refused, and of another user's is unknown", async () => {
    const { id } = await submit(await trained());
    expect(await cancel(id, "usr_other")).toBeNull();
    const fence = await claim(id);
    await recordAnalysisEnd(database, fence, {
      type: "succeeded",
      engine: "any",
      result: { a: 1 },
    });
    await expect(cancel(id)).rejects.toThrow(AnalysisEndedError);
    expect(await read(id)).toMatchObject({ state: "succeeded", result: { a: 1 }, done: 5 });
  });
});

test("an analysis whose run ended without a network fails and says so", async () => {
  const run = await storage.running();
  const { id } = await submit(run.id);
  await failOrphanedAnalyses(database);
  expect((await read(id)).state).toBe("queued");
  const end = { event: "fault", reason: "diverged", detail: "NaN" } as const;
  await recordEnd(database, fenceOf(run), end, null);
  await failOrphanedAnalyses(database);
  const { state, reasonDetail } = await read(id);
  expect(state).toBe("failed");
  expect(reasonDetail).toContain(`${run.id} is failed`);
});

describe("kept checkpoints", () => {
  const write = (run: Parameters<typeof fenceOf>[0], weightUpdate: number, kept: boolean) => {
    const bytes = new Uint8Array([weightUpdate]);
    const checkpoint = { attempt: 1, weightUpdate, final: false, kept, bytes };
    return recordCheckpoint(database, fenceOf(run), checkpoint, []);
  };

  test("stay when newer ones come, and an analysis has those before what it looks at", async () => {
    const run = await storage.running();
    const first = await write(run, 1, true);
    await write(run, 2, false);
    const third = await write(run, 3, true);
    const last = await write(run, 4, false);
    await recordEnd(database, fenceOf(run), { event: "last_step" }, null);
    expect((await listCheckpoints(database, run.id)).map(({ id }) => id)).toEqual([
      first,
      third,
      last,
    ]);
    const { id } = await submit(run.id);
    const claimed = await claimAnalysis(database, {
      analysisId: id,
      epoch: 0,
      workerId: "wrk_other",
      leaseMs: 60_000,
    });
    expect(claimed?.checkpoint.id).toBe(last);
    expect(claimed?.earlier.map((row) => row.id)).toEqual([first, third]);
  });

  test("the best stays until a better one comes, beside the newest, and is no part of an analysis's way", async () => {
    const run = await storage.running();
    const best = (weightUpdate: number) =>
      recordCheckpoint(
        database,
        fenceOf(run),
        {
          attempt: 1,
          weightUpdate,
          final: false,
          kept: false,
          best: true,
          bytes: new Uint8Array([weightUpdate]),
        },
        [],
      );
    const stored = async () =>
      (await listCheckpoints(database, run.id)).map((row) => [row.id, row.best]);
    const first = await best(1);
    const second = await write(run, 2, false);
    expect(await stored()).toEqual([
      [first, true],
      [second, false],
    ]);
    const third = await best(3);
    expect(await stored()).toEqual([[third, true]]);
    const last = await write(run, 4, false);
    await recordEnd(database, fenceOf(run), { event: "last_step" }, null);
    expect(await stored()).toEqual([
      [third, true],
      [last, false],
    ]);
    const { id } = await submit(run.id);
    const claimed = await claimAnalysis(database, {
      analysisId: id,
      epoch: 0,
      workerId: "wrk_other",
      leaseMs: 60_000,
    });
    expect(claimed?.checkpoint.id).toBe(last);
    expect(claimed?.earlier).toEqual([]);
  });

  test("are those that an analysis is asked of", async () => {
    const run = await storage.running();
    const looked = await write(run, 1, false);
    const { userId } = storage;
    const { id } = await storeAnalysis(database, { userId, runId: run.id, ...analysis(looked) });
    const last = await write(run, 2, false);
    await recordEnd(database, fenceOf(run), { event: "last_step" }, null);
    expect((await listCheckpoints(database, run.id)).map((row) => row.id)).toEqual([looked, last]);
    const claimed = await claimAnalysis(database, {
      analysisId: id,
      epoch: 0,
      workerId: "wrk_other",
      leaseMs: 60_000,
    });
    expect(claimed?.checkpoint.id).toBe(looked);
    expect(claimed?.earlier).toEqual([]);
  });
});

test("cancelling a sweep ends its waiting analyses and asks the running ones to stop", async () => {
  const runId = await trained();
  const running = await submit(runId);
  await claim(running.id);
  const waiting = await submit(runId);
  const { sweepId } = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  const { userId } = storage;
  expect(await actOnSweep(database, { userId, id: sweepId }, "cancel")).toEqual({ changed: true });
  const find = (id: string) => findAnalysis(database, { userId, id });
  expect(await find(waiting.id)).toMatchObject({ state: "canceled", reason: "user" });
  expect((await find(running.id))?.cancelRequestedAt).not.toBeNull();
  // The sweep completed before.
  expect(await findSweep(database, { userId, id: sweepId })).toMatchObject({
    cancelRequestedAt: null,
    analyses: { canceled: 1, running: 1 },
  });
  expect(await actOnSweep(database, { userId, id: sweepId }, "cancel")).toEqual({ changed: false });
});
