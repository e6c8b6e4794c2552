import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf } from "../../../tests/storage.js";
import { actOnRun } from "./runActions.js";
import { claimRun, findTiming, renewLeases } from "./claims.js";
import { recordCheckpoint, recordMetrics } from "./liveRuns.js";
import { listMetrics } from "./metrics.js";
import { giveUpRun, recoverLostRuns } from "./recovery.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const request = (runId: string, epoch: number, workerId = "wrk_a") => ({
  runId,
  epoch,
  workerId,
  host: "here",
  slots: 1,
  leaseMs: 60_000,
});

const progress = {
  epoch: 0.5,
  weightUpdate: 7,
  totalWeightUpdates: 14,
  fraction: 0.5,
  secondsLeft: 3,
};

test("of twenty claims at once, one succeeds", async () => {
  const runId = await storage.queued();
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      claimRun(storage.database, request(runId, 0, `wrk_${index}`)),
    ),
  );
  const winners = claims.filter((claim) => claim !== null);
  expect(winners).toHaveLength(1);
  expect(winners[0]).toMatchObject({ id: runId, epoch: 1, attempt: 1, checkpoint: null });
  const run = await storage.run(runId);
  expect(run).toMatchObject({ state: "starting", epoch: 1, attempt: 1 });
  expect(run.workerId).toBe(`wrk_${claims.findIndex((claim) => claim !== null)}`);
});

test("a job of another epoch, of a run that is not queued, or of no run claims nothing", async () => {
  const runId = await storage.queued();
  expect(await claimRun(storage.database, request(runId, 1))).toBeNull();
  expect(await claimRun(storage.database, request("run_none", 0))).toBeNull();
  await actOnRun(storage.database, { userId: storage.userId, id: runId }, "cancel");
  const { epoch } = await storage.run(runId);
  expect(await claimRun(storage.database, request(runId, epoch))).toBeNull();
});

test("the timing is told of queued runs under their present epoch alone", async () => {
  const { runIds } = await storage.submit([anySpec(), anySpec({ timing: "exclusive" })]);
  expect(await findTiming(storage.database, { runId: runIds[0], epoch: 0 })).toBe("shared");
  expect(await findTiming(storage.database, { runId: runIds[1], epoch: 0 })).toBe("exclusive");
  expect(await findTiming(storage.database, { runId: runIds[1], epoch: 1 })).toBeNull();
  await storage.claim(runIds[0]);
  expect(await findTiming(storage.database, { runId: runIds[0], epoch: 1 })).toBeNull();
});

test("a resumed run goes on from its checkpoint, and rows past it are measured again", async () => {
  const first = await storage.running();
  const row = (weightUpdate: number) =>
    ({ weightUpdate, name: "test_loss", layer: null, value: weightUpdate }) as const;
  await recordCheckpoint(
    storage.database,
    fenceOf(first),
    { attempt: 1, weightUpdate: 20, final: false, kept: false, bytes: new Uint8Array([1, 2, 3]) },
    [row(10), row(20)],
  );
  await recordMetrics(storage.database, fenceOf(first), [row(30)]);
  await giveUpRun(storage.database, fenceOf(first), "crashed", "for the test");
  const second = await storage.claim(first.id);
  expect(second.checkpoint?.weightUpdate).toBe(20);
  const rows = await listMetrics(storage.database, { runId: first.id });
  expect(rows.map(({ weightUpdate }) => weightUpdate)).toEqual([10, 20]);
});

test("a run that crashed without a checkpoint begins anew, with no row left", async () => {
  const first = await storage.running();
  await recordMetrics(storage.database, fenceOf(first), [
    { weightUpdate: 5, name: "test_loss", layer: null, value: 1 },
  ]);
  await giveUpRun(storage.database, fenceOf(first), "crashed", "for the test");
  const second = await storage.claim(first.id);
  expect(second.checkpoint).toBeNull();
  expect(await listMetrics(storage.database, { runId: first.id })).toEqual([]);
});

test("one beat renews the leases of all runs and writes their progress", async () => {
  const runs = [await storage.running(), await storage.starting()];
  await storage.endLeases();
  const pulses = runs.map((run, index) => ({
    ...fenceOf(run),
    progress: index === 0 ? progress : null,
  }));
  const renewed = await renewLeases(storage.database, pulses, 60_000);
  expect(new Map(renewed.map(({ runId, state }) => [runId, state]))).toEqual(
    new Map([
      [runs[0].id, "running"],
      [runs[1].id, "starting"],
    ]),
  );
  const [first, second] = await Promise.all(runs.map(({ id }) => storage.run(id)));
  expect(first).toMatchObject({ weightUpdates: 7, progressEpoch: 0.5, secondsLeft: 3 });
  expect(second).toMatchObject({ weightUpdates: 0 });
  expect(first.leaseUntil?.getTime()).toBeGreaterThan(Date.now());
});

test("a beat tells who is to stop, and leaves out whose epoch has passed", async () => {
  const canceling = await storage.running();
  const taken = await storage.running();
  await actOnRun(storage.database, { userId: storage.userId, id: canceling.id }, "cancel");
  await giveUpRun(storage.database, fenceOf(taken), "crashed", "for the test");
  const again = await storage.claim(taken.id);
  const pulses = [canceling, taken, again].map((run) => ({ ...fenceOf(run), progress: null }));
  const renewed = await renewLeases(storage.database, pulses, 60_000);
  expect(renewed).toHaveLength(2);
  expect(renewed).toContainEqual({
    ...fenceOf(canceling),
    state: "canceling",
    isPreempted: false,
  });
  expect(renewed).toContainEqual({
    ...fenceOf(again),
    state: "starting",
    isPreempted: false,
  });
  expect(await renewLeases(storage.database, [], 60_000)).toEqual([]);
});

test("a beat under a passed epoch keeps nobody's lease and writes no progress", async () => {
  const stale = await storage.running();
  await giveUpRun(storage.database, fenceOf(stale), "crashed", "for the test");
  await storage.claim(stale.id);
  const before = await storage.run(stale.id);
  expect(await renewLeases(storage.database, [{ ...fenceOf(stale), progress }], 90_000)).toEqual(
    [],
  );
  expect(await storage.run(stale.id)).toEqual(before);
});

test("a run is suspect once its last attempt crashed, or once it was lost twice without a checkpoint in between", async () => {
  const id = await storage.queued();
  const lose = async (): Promise<void> => {
    await storage.endLeases();
    await recoverLostRuns(storage.database);
  };
  expect(await storage.claim(id)).toMatchObject({ isSuspect: false });
  await lose();
  expect(await storage.claim(id)).toMatchObject({ isSuspect: false });
  await lose();
  expect(await storage.claim(id)).toMatchObject({ isSuspect: true });

  const other = await storage.claim(await storage.queued());
  await giveUpRun(storage.database, fenceOf(other), "crashed", "for the test");
  const again = await storage.claim(other.id);
  expect(again).toMatchObject({ isSuspect: true });
  const bytes = new Uint8Array([1]);
  const checkpoint = { attempt: 2, weightUpdate: 5, final: false, kept: false, bytes };
  await recordCheckpoint(storage.database, fenceOf(again), checkpoint, []);
  await giveUpRun(storage.database, fenceOf(again), "handed_back", "for the test");
  expect(await storage.claim(other.id)).toMatchObject({ isSuspect: false });
});
