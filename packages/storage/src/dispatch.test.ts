import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, anySpec, waitingWork } from "../../../tests/storage.js";
import { actOnRun } from "./runActions.js";
import { countQueue, dispatchedWork, forgetDispatch, markDispatched } from "./dispatch.js";
import { openDispatcherLock } from "./dispatcherLock.js";
import { ranksInGroups } from "./line.js";
import { giveUpRun } from "./recovery.js";
import { beatWorker, capacity, registerWorker, retireWorker } from "./workers.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const idsOf = (runs: { id: string }[]): string[] => runs.map(({ id }) => id);

test("runs of a sweep wait first in, first out; what was handed out comes first", async () => {
  const { runIds: first } = await storage.submit([anySpec(), anySpec(), anySpec()]);
  const { runIds: second } = await storage.submit([anySpec()]);
  expect(idsOf(await waitingWork(storage.database))).toEqual([...first, ...second]);
  const [, next] = await waitingWork(storage.database);
  expect(await markDispatched(storage.database, [next])).toEqual([next]);
  expect(idsOf(await waitingWork(storage.database))).toEqual([
    first[1],
    first[0],
    first[2],
    ...second,
  ]);
  const ranks = await ranksInGroups(storage.database, first);
  expect(first.map((id) => ranks.get(id)?.rank)).toEqual([0, 1, 2]);
});

test("what was handed out is known until it is forgotten", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec()]);
  const [first] = await waitingWork(storage.database);
  expect(await markDispatched(storage.database, [first])).toEqual([first]);
  const [dispatched] = await dispatchedWork(storage.database);
  expect(dispatched).toMatchObject({ id: runIds[0], epoch: 0 });
  expect(dispatched.ageMs).toBeGreaterThanOrEqual(0);
  await forgetDispatch(storage.database, [first]);
  expect(await dispatchedWork(storage.database)).toEqual([]);
});

test("a run that was canceled, claimed or put back meanwhile is not marked", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec(), anySpec()]);
  const next = await waitingWork(storage.database);
  await actOnRun(storage.database, { userId: storage.userId, id: runIds[0] }, "cancel");
  const claimed = await storage.claim(runIds[1]);
  await giveUpRun(storage.database, { runId: claimed.id, epoch: claimed.epoch }, "crashed", "x");
  expect(idsOf(await markDispatched(storage.database, next))).toEqual([runIds[2]]);
});

test("a run put back is dispatched under its new epoch, before those that came later", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec()]);
  await markDispatched(storage.database, (await waitingWork(storage.database)).slice(0, 1));
  const claimed = await storage.claim(runIds[0]);
  expect(await dispatchedWork(storage.database)).toEqual([]);
  await giveUpRun(storage.database, { runId: claimed.id, epoch: claimed.epoch }, "crashed", "x");
  const [next] = await waitingWork(storage.database);
  expect(next.id).toBe(runIds[0]);
  expect(next.epoch).toBeGreaterThan(claimed.epoch);
});

test("capacity counts the slots of workers that take runs, and what runs hold of them", async () => {
  const worker = (id: string, slots: number) =>
    registerWorker(storage.database, { id, host: "h", pid: 1, slots, engines: [], version: "0" });
  await worker("wrk_test", 4);
  await worker("wrk_draining", 8);
  await worker("wrk_gone", 16);
  await worker("wrk_silent", 32);
  await beatWorker(storage.database, "wrk_draining", { draining: true });
  await retireWorker(storage.database, "wrk_gone");
  await storage.database.prisma.$executeRaw`
    UPDATE workers SET heartbeat_at = now() - interval '1 minute' WHERE id = 'wrk_silent'`;
  await storage.claim(await storage.queued(), { slots: 3 });
  expect(await capacity(storage.database, 15_000)).toEqual({
    workers: 1,
    slots: 4,
    largestWorker: 4,
    busySlots: 3,
  });
  await storage.queued();
  expect(await countQueue(storage.database)).toEqual({ queued: 1, running: 1 });
});

test("one holds the dispatcher's lock at a time, and it is free once its session has ended", async () => {
  const first = openDispatcherLock(storage.url);
  const second = openDispatcherLock(storage.url);
  try {
    expect(await first.hold()).toBe(true);
    expect(await first.hold()).toBe(true);
    expect(await second.hold()).toBe(false);
    // As the server sees the death of the process that holds it.
    await storage.database.prisma.$queryRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'pclab-dispatcher'
        AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)`;
    await expect.poll(() => second.hold(), { timeout: 10_000 }).toBe(true);
    expect(await first.hold()).toBe(false);
    await second.close();
    await expect.poll(() => first.hold(), { timeout: 10_000 }).toBe(true);
  } finally {
    await first.close();
    await second.close();
  }
});
