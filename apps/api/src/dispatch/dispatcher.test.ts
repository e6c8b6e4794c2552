import { type RunQueue, openRunQueue } from "@pclab/queue";
import {
  actOnRun,
  actOnSweep,
  deleteSweep,
  findOrCreateUser,
  openDatabase,
  openDispatcherLock,
  registerWorker,
  renewLeases,
  storeSweep,
} from "@pclab/storage";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runsOf, submitBody, trainRun } from "../../../../tests/searches.js";
import { TestStorage, anySpec, fenceOf } from "../../../../tests/storage.js";
import { startTcpProxy } from "../../../../tests/tcpProxy.js";
import { type Dispatcher, type DispatcherOptions, startDispatcher } from "./dispatcher.js";

const LEASE_MS = 1_000;
const TIMEOUT = { timeout: 15_000 };

let storage: TestStorage;
let queue: RunQueue;
const dispatchers: Dispatcher[] = [];
const logged: string[] = [];
const logger = pino({}, { write: (line: string) => logged.push(line) });

beforeEach(async () => {
  logged.length = 0;
  storage = await TestStorage.open();
  // The queue's own tests run on both backends: here the one that is always there is enough.
  queue = openRunQueue({ databaseUrl: storage.url }, { logger, timeoutMs: 5_000 });
  await expect.poll(() => queue.jobIds().catch(() => null), TIMEOUT).not.toBeNull();
});
afterEach(async () => {
  for (const dispatcher of dispatchers.splice(0)) await dispatcher.stop();
  await queue.close();
  await storage.close();
});

const start = (options: Partial<DispatcherOptions> = {}): Dispatcher => {
  const dispatcher = startDispatcher({
    database: storage.database,
    lock: openDispatcherLock(storage.url),
    queue,
    logger,
    leaseMs: LEASE_MS,
    pollMs: 20,
    recoverMs: 50,
    reconcileMs: 200,
    ...options,
  });
  dispatchers.push(dispatcher);
  return dispatcher;
};

const worker = (slots: number): Promise<void> =>
  registerWorker(storage.database, {
    id: "wrk_test",
    host: "here",
    pid: 1,
    slots,
    engines: ["reference"],
    version: "0",
  });

const waiting = async (): Promise<string[]> => (await queue.jobIds()).waiting;
const pause = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));

test("the queue holds one run more than the workers have free slots, in the order of the line", async () => {
  const { runIds } = await storage.submit(Array.from({ length: 6 }, () => anySpec()));
  start({ leaseMs: 60_000 });
  await expect.poll(waiting, TIMEOUT).toEqual([`${runIds[0]}-e0`]);
  await worker(2);
  await expect.poll(waiting, TIMEOUT).toEqual(runIds.slice(0, 3).map((id) => `${id}-e0`));
  // A claim fills a slot and empties a place: the line does not move. A worker removes its job after the claim.
  await storage.claim(runIds[0]);
  await queue.remove(`${runIds[0]}-e0`);
  await pause(300);
  expect(await waiting()).toEqual(runIds.slice(1, 3).map((id) => `${id}-e0`));
});

test("while no slot is free the first in line stays first, however often the dispatcher looks", async () => {
  const first = await storage.queued();
  const second = await storage.queued();
  start({ leaseMs: 60_000 });
  await expect.poll(waiting, TIMEOUT).toEqual([`${first}-e0`]);
  for (let look = 0; look < 20; look++) {
    await pause(20);
    expect(await waiting()).toEqual([`${first}-e0`]);
  }
  await storage.claim(first);
  await queue.remove(`${first}-e0`);
  await expect.poll(waiting, TIMEOUT).toEqual([`${second}-e0`]);
});

test("one decision takes a user's sweeps in turn, behind the one that had its turn last", async () => {
  const [one, other] = [
    await storage.submit([anySpec(), anySpec(), anySpec()]),
    await storage.submit([anySpec(), anySpec(), anySpec()]),
  ];
  await storage.claim(one.runIds[0]);
  await worker(4);
  start({ leaseMs: 60_000 });
  const inTurn = [other.runIds[0], one.runIds[1], other.runIds[1], one.runIds[2]];
  await expect.poll(waiting, TIMEOUT).toEqual(inTurn.map((id) => `${id}-e0`));
});

test("what the line would no longer give is taken back: a newcomer has the next free slot", async () => {
  const { runIds } = await storage.submit(Array.from({ length: 4 }, () => anySpec()));
  await worker(1);
  await storage.claim(runIds[0]);
  start({ leaseMs: 60_000 });
  await expect.poll(waiting, TIMEOUT).toEqual([`${runIds[1]}-e0`]);
  const { id: userId } = await findOrCreateUser(storage.database, "ben");
  const stored = await storeSweep(
    storage.database,
    { userId, name: "ben's", request: {}, runs: [anySpec()] },
    null,
  );
  if (!("stored" in stored)) throw new Error("nothing was stored");
  const [run] = await storage.database.prisma.run.findMany({ where: { userId } });
  await expect.poll(waiting, TIMEOUT).toEqual([`${run.id}-e0`]);
  expect((await storage.run(runIds[1])).dispatchedAt).toBeNull();
});

test("urgent work takes the slot of scavenger work, which is asked for a checkpoint", async () => {
  const scavenger = await storage.running();
  await storage.database.prisma.sweep.updateMany({ data: { priorityClass: "scavenger" } });
  await worker(1);
  start({ leaseMs: 60_000 });
  await pause(200);
  expect((await storage.run(scavenger.id)).preemptRequestedAt).toBeNull();
  const id = await storage.queued();
  await expect
    .poll(async () => (await storage.run(scavenger.id)).preemptRequestedAt, TIMEOUT)
    .not.toBeNull();
  await expect.poll(waiting, TIMEOUT).toEqual([`${id}-e0`]);
});

test("what was deleted is gone for good after the grace period, with all that hangs on it", async () => {
  const { sweep, runIds } = await storage.submit([anySpec()]);
  const key = { userId: storage.userId, id: sweep.id };
  await actOnSweep(storage.database, key, "cancel");
  await deleteSweep(storage.database, key);
  start({ deleteGraceMs: 0 });
  const count = () => storage.database.prisma.run.count({ where: { id: runIds[0] } });
  await expect.poll(count, TIMEOUT).toBe(0);
  await expect.poll(() => storage.database.prisma.sweep.count(), TIMEOUT).toBe(0);
});

test("what the queue lost is handed out again; what nobody wants is taken back", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec()]);
  await worker(2);
  start({ leaseMs: 60_000 });
  const both = runIds.map((id) => `${id}-e0`);
  await expect.poll(waiting, TIMEOUT).toEqual(both);
  await queue.remove(both[0]);
  await expect.poll(async () => (await waiting()).sort(), TIMEOUT).toEqual([...both].sort());
  await actOnRun(storage.database, { userId: storage.userId, id: runIds[1] }, "cancel");
  await queue.add({ id: "run_nobody", epoch: 0 });
  await expect.poll(waiting, TIMEOUT).toEqual([both[0]]);
});

test("while the queue is away nothing is marked as handed out, and it is said once", async () => {
  const id = await storage.queued();
  const away = openRunQueue({ redisUrl: "redis://127.0.0.1:1" }, { logger, timeoutMs: 50 });
  const dispatcher = start({ queue: away });
  await expect.poll(() => logged.join(), TIMEOUT).toContain("the queue is away; runs wait");
  await pause(1_500);
  expect(logged.filter((line) => line.includes("the queue is away; runs wait"))).toHaveLength(1);
  await dispatcher.stop();
  expect((await storage.run(id)).dispatchedAt).toBeNull();
  await away.close();
  start();
  await expect.poll(waiting, TIMEOUT).toEqual([`${id}-e0`]);
});

test("one process dispatches at a time, and another takes over from one that stops", async () => {
  const first = start();
  await expect.poll(() => logged.join(), TIMEOUT).toContain("this process dispatches");
  start();
  await pause(500);
  expect(logged.filter((line) => line.includes("this process dispatches"))).toHaveLength(1);
  await first.stop();
  const id = await storage.queued();
  await expect.poll(waiting, TIMEOUT).toEqual([`${id}-e0`]);
});

test("a run whose lease ran out is put back and handed out again under its new epoch", async () => {
  const lost = await storage.claim(await storage.queued(), { leaseMs: 100 });
  start();
  await expect.poll(async () => (await storage.run(lost.id)).state, TIMEOUT).toBe("queued");
  const { epoch } = await storage.run(lost.id);
  await expect.poll(waiting, TIMEOUT).toEqual([`${lost.id}-e${epoch}`]);
});

test("after a start, and after PostgreSQL was away, leases get one lease of grace", async () => {
  const run = await storage.claim(await storage.queued(), { leaseMs: 60_000 });
  const renew = () => renewLeases(storage.database, [{ ...fenceOf(run), progress: null }], 60_000);
  let nowMs = 0;
  const proxy = await startTcpProxy(storage.url);
  const database = openDatabase({ url: proxy.url });
  const dispatcher = start({
    database,
    lock: openDispatcherLock(proxy.url),
    leaseMs: 15_000,
    now: () => nowMs,
    recoverMs: 1,
    reconcileMs: 1e9,
  });
  const staysRunning = async () => {
    await pause(300);
    expect((await storage.run(run.id)).state).toBe("starting");
  };

  await storage.endLeases();
  nowMs = 14_000;
  await staysRunning();
  await renew();
  nowMs = 100_000;
  await staysRunning();

  proxy.cut();
  await expect.poll(() => logged.join(), TIMEOUT).toContain("dispatch failed");
  proxy.restore();
  await expect.poll(() => logged.join(), TIMEOUT).toContain("dispatch goes on");
  await storage.endLeases();
  nowMs += 14_000;
  await staysRunning();
  nowMs += 2_000;
  await expect.poll(async () => (await storage.run(run.id)).state, TIMEOUT).toBe("queued");

  await dispatcher.stop();
  await database.close();
  await proxy.close();
});

test("when the server drops every connection, dispatch goes on by itself", async () => {
  start();
  await expect.poll(() => logged.join(), TIMEOUT).toContain("this process dispatches");
  await storage.database.prisma.$queryRaw`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  const id = await storage.queued();
  await expect.poll(() => waiting().catch(() => []), TIMEOUT).toEqual([`${id}-e0`]);
});

test("searches that cannot go on, take long or fail keep no other run from being dispatched", async () => {
  const body = {
    base: { algorithm: "bp", width: 4, depth: 1, epochs: 1, train_size: 640, batch_size: 64 },
    tpe: { samples: 4, startup: 2, at_a_time: 2, learning_rate: { log_uniform: [1e-6, 1] } },
  };
  const [broken, slow] = [await submitBody(storage, body), await submitBody(storage, body)];
  for (const id of [broken, slow]) {
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, () => 0.5);
  }
  await storage.database.prisma.sweep.update({
    where: { id: broken },
    data: { request: { tpe: { samples: "many" } } },
  });
  await worker(8);
  // Its search waits for the row as long as this has it.
  const database = openDatabase({ url: storage.url, idleInTransactionMs: 60_000 });
  const { prisma } = database;
  const letGo = new AbortController();
  const locked = new AbortController();
  const holding = prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM sweeps WHERE id = ${slow} FOR UPDATE`;
    locked.abort();
    await new Promise((resolve) => letGo.signal.addEventListener("abort", resolve));
  });
  try {
    await expect.poll(() => locked.signal.aborted, TIMEOUT).toBe(true);
    start({ leaseMs: 60_000 });
    const blocked = async () =>
      prisma.$queryRaw<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await expect.poll(blocked, TIMEOUT).toHaveLength(1);
    expect(logged.join()).toContain("a search cannot go on");
    const first = await storage.queued();
    await expect.poll(waiting, TIMEOUT).toContain(`${first}-e0`);

    const [{ pid }] = await blocked();
    await prisma.$queryRaw`SELECT pg_terminate_backend(${pid}::int)`;
    await expect.poll(() => logged.join(), TIMEOUT).toContain("searches failed");
    const second = await storage.queued();
    await expect.poll(waiting, TIMEOUT).toContain(`${second}-e0`);
    expect(logged.join()).not.toContain("dispatch failed");
  } finally {
    letGo.abort();
    await holding;
    await database.close();
  }
  await expect.poll(async () => (await runsOf(storage, slow)).length, TIMEOUT).toBe(4);
  expect(logged.join()).toContain("searches go on");
}, 90_000);
