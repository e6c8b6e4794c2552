import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, anySpec } from "../../../tests/storage.js";
import { cancelRun } from "./cancellation.js";
import {
  countQueue,
  dispatchedWork,
  forgetDispatch,
  markDispatched,
  nextWork,
} from "./dispatch.js";
import { openDispatcherLock } from "./dispatcherLock.js";
import { giveUpRun } from "./recovery.js";
import { queuePositions } from "./runs.js";
import { beatWorker, capacity, registerWorker, retireWorker } from "./workers.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const idsOf = (runs: { id: string }[]): string[] => runs.map(({ id }) => id);

test("runs are handed out first in, first out, over sweeps and within them", async () => {
  const { runIds: first } = await storage.submit([anySpec(), anySpec()]);
  const { runIds: second } = await storage.submit([anySpec()]);
  const order = [...first, ...second];
  expect(idsOf(await nextWork(storage.database, 10))).toEqual(order);
  expect(idsOf(await nextWork(storage.database, 2))).toEqual(order.slice(0, 2));
  const positions = await queuePositions(storage.database, order);
  expect(order.map((id) => positions.get(id))).toEqual([1, 2, 3]);
});

test("what was handed out is not handed out again until it is forgotten", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec()]);
  const [first] = await nextWork(storage.database, 1);
  expect(await markDispatched(storage.database, [first])).toEqual([first]);
  expect(idsOf(await nextWork(storage.database, 10))).toEqual([runIds[1]]);
  const [dispatched] = await dispatchedWork(storage.database);
  expect(dispatched).toMatchObject({ id: runIds[0], epoch: 0 });
  expect(dispatched.ageMs).toBeGreaterThanOrEqual(0);
  await forgetDispatch(storage.database, [first]);
  expect(await dispatchedWork(storage.database)).toEqual([]);
  expect(idsOf(await nextWork(storage.database, 10))).toEqual(runIds);
});

test("a run that was canceled, claimed or put back meanwhile is not marked", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec(), anySpec()]);
  const next = await nextWork(storage.database, 3);
  await cancelRun(storage.database, { userId: storage.userId, id: runIds[0] });
  const claimed = await storage.claim(runIds[1]);
  await giveUpRun(storage.database, { runId: claimed.id, epoch: claimed.epoch }, "crashed", "x");
  expect(idsOf(await markDispatched(storage.database, next))).toEqual([runIds[2]]);
});

test("a run put back is dispatched under its new epoch, before those that came later", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec()]);
  await markDispatched(storage.database, await nextWork(storage.database, 1));
  const claimed = await storage.claim(runIds[0]);
  expect(await dispatchedWork(storage.database)).toEqual([]);
  await giveUpRun(storage.database, { runId: claimed.id, epoch: claimed.epoch }, "crashed", "x");
  const [next] = await nextWork(storage.database, 1);
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
  expect(await capacity(storage.database, 15_000)).toEqual({ workers: 1, slots: 4, busySlots: 3 });
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
