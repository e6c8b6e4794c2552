import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, fenceOf } from "../../../tests/storage.js";
import { actOnRun } from "./runActions.js";
import { recordCheckpoint } from "./liveRuns.js";
import { CRASH_BUDGET, giveUpRun, recoverLostRuns, retryForRoom } from "./recovery.js";
import { listAttempts } from "./runs.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

test("a run whose lease ran out is queued again in its old place, one that has its lease is left alone", async () => {
  const lost = await storage.running();
  const { queuedAt } = await storage.run(lost.id);
  await storage.endLeases();
  const kept = await storage.running();
  expect(await recoverLostRuns(storage.database)).toEqual([{ id: lost.id, state: "queued" }]);
  const run = await storage.run(lost.id);
  expect(run).toMatchObject({ state: "queued", crashes: 1, leaseUntil: null, workerId: null });
  expect(run.queuedAt).toEqual(queuedAt);
  expect(run.epoch).toBeGreaterThan(lost.epoch);
  const attempts = await listAttempts(storage.database, lost.id);
  expect(attempts).toMatchObject([{ outcome: "lost" }]);
  expect(attempts[0].detail).toContain("wrk_test");
  expect((await storage.run(kept.id)).state).toBe("running");
  expect(await recoverLostRuns(storage.database)).toEqual([]);
});

test("two that look for lost runs at once recover each run once", async () => {
  const ids = [];
  for (let index = 0; index < 5; index++) ids.push((await storage.running()).id);
  await storage.endLeases();
  const found = await Promise.all([
    recoverLostRuns(storage.database),
    recoverLostRuns(storage.database),
  ]);
  expect(
    found
      .flat()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(ids.sort());
  for (const id of ids)
    expect(await storage.run(id)).toMatchObject({ state: "queued", crashes: 1 });
});

test("crashes without a checkpoint in between end the run when the budget is spent", async () => {
  const id = await storage.queued();
  for (let crash = 1; crash <= CRASH_BUDGET; crash++) {
    const claimed = await storage.claim(id);
    const state = await giveUpRun(storage.database, fenceOf(claimed), "crashed", `crash ${crash}`);
    expect(state).toBe(crash < CRASH_BUDGET ? "queued" : "failed");
  }
  const run = await storage.run(id);
  expect(run).toMatchObject({ state: "failed", reason: "crash_loop" });
  expect(run.reasonDetail).toContain(`crash ${CRASH_BUDGET}`);
  expect(await listAttempts(storage.database, id)).toHaveLength(CRASH_BUDGET);
});

test("a checkpoint in between renews the budget; lost leases count as crashes do", async () => {
  const id = await storage.queued();
  for (let crash = 1; crash <= 2 * CRASH_BUDGET; crash++) {
    const claimed = await storage.claim(id);
    await recordCheckpoint(
      storage.database,
      fenceOf(claimed),
      {
        attempt: crash,
        weightUpdate: crash,
        final: false,
        kept: false,
        bytes: new Uint8Array([crash]),
      },
      [],
    );
    await storage.endLeases();
    expect(await recoverLostRuns(storage.database)).toEqual([{ id, state: "queued" }]);
  }
});

test("handing back costs nothing of the budget", async () => {
  const id = await storage.queued();
  for (let drain = 0; drain < CRASH_BUDGET + 2; drain++) {
    const claimed = await storage.claim(id);
    const state = await giveUpRun(storage.database, fenceOf(claimed), "handed_back", "drain");
    expect(state).toBe("queued");
  }
  expect(await storage.run(id)).toMatchObject({ crashes: 0, attempt: CRASH_BUDGET + 2 });
});

test.each(["lost", "handed_back"] as const)(
  "a canceling run that is %s is canceled",
  async (how) => {
    const claimed = await storage.running();
    await actOnRun(storage.database, { userId: storage.userId, id: claimed.id }, "cancel");
    if (how === "lost") {
      await storage.endLeases();
      await recoverLostRuns(storage.database);
    } else {
      await giveUpRun(storage.database, fenceOf(claimed), how, "drain");
    }
    expect(await storage.run(claimed.id)).toMatchObject({ state: "canceled", reason: "user" });
  },
);

test("runs that found no room wait, are put back after a while in their old place, and lose nothing of their budget", async () => {
  const { database } = storage;
  const claimed = await storage.running();
  const { queuedAt } = await storage.run(claimed.id);
  const fence = fenceOf(claimed);
  expect(await giveUpRun(database, fence, "storage_full", "no room")).toBe("waiting_storage");
  const waiting = await storage.run(claimed.id);
  expect(waiting).toMatchObject({ reason: "storage_full", crashes: 0, leaseUntil: null });
  await expect(giveUpRun(database, fence, "storage_full", "late")).rejects.toThrow("refused");

  expect(await retryForRoom(database, 60_000)).toEqual([]);
  await database.prisma.$executeRaw`UPDATE attempts SET ended_at = now() - interval '61 seconds'`;
  expect(await retryForRoom(database, 60_000)).toEqual([claimed.id]);
  expect(await retryForRoom(database, 60_000)).toEqual([]);
  const back = await storage.run(claimed.id);
  expect(back).toMatchObject({ state: "queued", reason: null, crashes: 0, queuedAt });
  expect(await listAttempts(database, claimed.id)).toMatchObject([{ outcome: "storage_full" }]);
});

test("leases that ran out for want of room cost nothing; who was to pause or to stop has done so", async () => {
  const { database, userId } = storage;
  const [goesOn, pauses, stops] = [
    await storage.running(),
    await storage.running(),
    await storage.running(),
  ];
  await actOnRun(database, { userId, id: pauses.id }, "pause");
  await actOnRun(database, { userId, id: stops.id }, "cancel");
  await storage.endLeases();
  expect(await recoverLostRuns(database, "storage_full")).toHaveLength(3);
  expect(await storage.run(goesOn.id)).toMatchObject({ state: "waiting_storage", crashes: 0 });
  const paused = await storage.run(pauses.id);
  expect(paused).toMatchObject({ state: "paused", reason: "user", crashes: 0 });
  expect(paused.reasonDetail).toContain("resumes from the one before");
  expect(await storage.run(stops.id)).toMatchObject({ state: "canceled", reason: "user" });
});
