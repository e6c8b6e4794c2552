import {
  actOnRun,
  actOnSweep,
  deleteSweep,
  findSweep,
  MAX_QUEUED_RUNS_PER_USER,
  QueuedRunsQuotaError,
  makeSearchedRuns,
  sweepsThatWantRuns,
} from "@pclab/storage";
import type { ExperimentSpec } from "@pclab/core";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type Curve,
  type MadeUpRun,
  runsOf,
  submitBody,
  trainRun,
} from "../../../../tests/searches.js";
import { TestStorage } from "../../../../tests/storage.js";
import { viewSweep } from "../views/sweepView.js";
import { advanceSearches } from "./advanceSearches.js";

let storage: TestStorage;
let logged: string[] = [];
const told = new Set<string>();
beforeEach(async () => {
  storage = await TestStorage.open();
  logged = [];
  told.clear();
});
afterEach(() => storage.close());

const logger = pino({}, { write: (line: string) => void logged.push(line) });
const advance = () => advanceSearches({ database: storage.database, logger, told });

const base = { algorithm: "bp", width: 4, depth: 1, epochs: 9, train_size: 640, batch_size: 64 };

/** Best at a learning rate of 1e-3. */
const peak: Curve = ({ learningRate }) => 1 / (1 + (Math.log10(learningRate) + 3) ** 2);

const stateOf = async (id: string) => {
  const sweep = await findSweep(storage.database, { userId: storage.userId, id });
  if (sweep === null) throw new Error(`no sweep ${id}`);
  return viewSweep(sweep);
};
const act = (id: string, action: "pause" | "resume" | "cancel" | "retry") =>
  actOnSweep(storage.database, { userId: storage.userId, id }, action);

/** Trains what is queued, in an order of its own, and lets searches go on after each run, until nothing is queued. */
const trainAll = async (
  id: string,
  curve: Curve,
  order: (queued: MadeUpRun[]) => MadeUpRun | undefined,
): Promise<MadeUpRun[]> => {
  for (;;) {
    const queued = (await runsOf(storage, id)).filter(({ state }) => state === "queued");
    const next = order(queued);
    if (next === undefined) {
      const before = await runsOf(storage, id);
      await advance();
      const after = await runsOf(storage, id);
      if (after.length === before.length) return after;
      continue;
    }
    await trainRun(storage, next, curve);
    await advance();
  }
};
const first = (queued: MadeUpRun[]) => queued[0];
const last = (queued: MadeUpRun[]) => queued.at(-1);

describe("TPE", () => {
  // The database keeps the fields in an order of its own.
  const tpe = {
    learning_rate: { log_uniform: [1e-6, 1] },
    bias: { choice: [false, true] },
    samples: 14,
    startup: 4,
    at_a_time: 3,
  };

  test("makes its runs generation by generation, the same in whatever order they end", async () => {
    const id = await submitBody(storage, { base, tpe });
    expect(await stateOf(id)).toMatchObject({
      state: "active",
      run_count: 4,
      planned_run_count: 14,
    });
    const runs = await trainAll(id, peak, first);
    expect(await stateOf(id)).toMatchObject({ state: "completed", run_count: 14 });
    expect(runs.map(({ index }) => index)).toEqual(Array.from({ length: 14 }, (_, index) => index));

    const again = await submitBody(storage, { base, tpe });
    const others = await trainAll(again, peak, last);
    expect(others.map(({ spec }) => spec)).toEqual(runs.map(({ spec }) => spec));

    const seeded = await submitBody(storage, { base, tpe: { ...tpe, sampling_seed: 1 } });
    const seededRuns = await trainAll(seeded, peak, first);
    expect(seededRuns.map(({ spec }) => spec)).not.toEqual(runs.map(({ spec }) => spec));
    // It learns: what it proposes last lies nearer to the peak than what it drew.
    const miss = (some: MadeUpRun[]) =>
      some.reduce((sum, { spec }) => sum + Math.abs(Math.log10(spec.learningRate) + 3), 0) /
      some.length;
    const late = [...runs, ...seededRuns].filter(({ index }) => index >= 7);
    const drawn = [...runs, ...seededRuns].filter(({ index }) => index < 4);
    expect(miss(late)).toBeLessThan(miss(drawn));
  });

  test("waits for the whole generation; a crash in between makes nothing, and two at once make it once", async () => {
    const id = await submitBody(storage, { base, tpe });
    for (const run of (await runsOf(storage, id)).slice(1)) await trainRun(storage, run, peak);
    await advance();
    expect(await runsOf(storage, id)).toHaveLength(4);
    await trainRun(storage, (await runsOf(storage, id))[0], peak);
    expect(await sweepsThatWantRuns(storage.database)).toEqual([id]);

    const crash = makeSearchedRuns(storage.database, id, {
      sizeOf: () => 3,
      propose: () => {
        throw new Error("the process dies here");
      },
    });
    await expect(crash).rejects.toThrow("dies here");
    expect(await runsOf(storage, id)).toHaveLength(4);
    await Promise.all([advance(), advance(), advance()]);
    expect(await runsOf(storage, id)).toHaveLength(7);
    await advance();
    expect(await runsOf(storage, id)).toHaveLength(7);
  });

  test("what changes while its next runs are proposed undoes them, and the next look proposes anew", async () => {
    const failing: Curve = ({ learningRate }) => (learningRate > 1e-3 ? null : 0.5);
    const id = await submitBody(storage, { base, tpe });
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, failing);
    const retryAll = async () => {
      await act(id, "retry");
      const queued = (await runsOf(storage, id)).filter(({ state }) => state === "queued");
      expect(queued.length).toBeGreaterThan(0);
      for (const run of queued) await trainRun(storage, run, peak);
    };
    const changes = [() => act(id, "pause"), retryAll, advance, () => act(id, "cancel")];
    const made: number[] = [];
    for (const change of changes) {
      const makes = makeSearchedRuns(storage.database, id, {
        sizeOf: () => 3,
        propose: async ({ ended }) => {
          await change();
          const [{ spec }] = await runsOf(storage, id);
          return { runs: [spec], points: [ended[0].point] };
        },
      });
      expect(await makes).toBeNull();
      made.push((await runsOf(storage, id)).length);
      if ((await stateOf(id)).state === "paused") await act(id, "resume");
      for (const run of await runsOf(storage, id)) {
        if (run.state === "queued") await trainRun(storage, run, peak);
      }
    }
    // Another look made three at the third.
    expect(made).toEqual([4, 4, 7, 7]);
  });

  test("nothing is proposed where the user's quota is used up", async () => {
    const id = await submitBody(storage, { base, tpe });
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, peak);
    const makes = makeSearchedRuns(storage.database, id, {
      sizeOf: () => MAX_QUEUED_RUNS_PER_USER + 1,
      propose: () => expect.unreachable("it was asked for runs"),
    });
    await expect(makes).rejects.toThrow(QueuedRunsQuotaError);
  });

  test("told to end, it makes nothing and tells of nothing", async () => {
    const id = await submitBody(storage, { base, tpe });
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, peak);
    const ending = new AbortController();
    const { database } = storage;
    const advancing = advanceSearches({ database, logger, told, signal: ending.signal });
    ending.abort();
    await advancing;
    expect(await runsOf(storage, id)).toHaveLength(4);
    expect(logged).toEqual([]);
  });

  test("a paused sweep makes nothing until it is resumed; a canceled one nothing ever after", async () => {
    const id = await submitBody(storage, { base, tpe });
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, peak);
    expect((await stateOf(id)).allowed_actions).toEqual(["cancel", "pause"]);
    await expect(deleteSweep(storage.database, { userId: storage.userId, id })).rejects.toThrow(
      "further runs",
    );
    expect(await act(id, "pause")).toEqual({ changed: true });
    expect(await act(id, "pause")).toEqual({ changed: false });
    await advance();
    expect(await stateOf(id)).toMatchObject({
      state: "paused",
      run_count: 4,
      allowed_actions: ["cancel", "resume"],
    });
    expect(await act(id, "resume")).toEqual({ changed: true });
    await advance();
    expect(await stateOf(id)).toMatchObject({ state: "active", run_count: 7 });
    expect(await act(id, "cancel")).toEqual({ changed: true });
    await advance();
    expect(await stateOf(id)).toMatchObject({
      state: "canceled",
      run_count: 7,
      planned_run_count: 7,
    });
    expect(await deleteSweep(storage.database, { userId: storage.userId, id })).toBe(true);
  });

  test("runs that diverge count as bad, and the search goes on to its end", async () => {
    const half: Curve = (spec, epochs) => (spec.learningRate > 1e-2 ? null : peak(spec, epochs));
    const id = await submitBody(storage, { base, tpe: { ...tpe, samples: 22 } });
    const runs = await trainAll(id, half, first);
    expect(await stateOf(id)).toMatchObject({ state: "failed", run_count: 22 });
    const failed = (some: MadeUpRun[]) => some.filter(({ state }) => state === "failed").length;
    expect(failed(runs)).toBeGreaterThan(0);
    expect(failed(runs.slice(13))).toBeLessThanOrEqual(failed(runs.slice(0, 13)));
  });

  test("reuses what was trained before, where it is asked to", async () => {
    const body = {
      base,
      tpe: { samples: 8, startup: 2, at_a_time: 2, width: { choice: [4, 8] } },
      on_duplicate: "reuse",
    };
    const id = await submitBody(storage, body);
    let trained = 0;
    const runs = await trainAll(id, peak, (queued) => {
      trained += queued.length > 0 ? 1 : 0;
      return queued[0];
    });
    expect(runs.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => "succeeded"));
    // There are two different runs; those of the first generation are trained whatever they are.
    expect(trained).toBeLessThan(8);
    expect(await stateOf(id)).toMatchObject({ state: "completed" });
  });

  test("a space that leaves no valid run ends the search with the runs that there are", async () => {
    const id = await submitBody(storage, { base, tpe });
    await storage.database.prisma.sweep.update({
      where: { id },
      data: { request: { base: { ...base, train_size: 60_000 }, tpe } },
    });
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, peak);
    await advance();
    expect(await stateOf(id)).toMatchObject({ state: "completed", run_count: 4 });
  });

  test("a search that cannot go on is told of once, and leaves the others be", async () => {
    const broken = await submitBody(storage, { base, tpe });
    const id = await submitBody(storage, { base, tpe });
    await storage.database.prisma.sweep.update({
      where: { id: broken },
      data: { request: { tpe: { samples: "many" } } },
    });
    for (const sweepId of [broken, id]) {
      for (const run of await runsOf(storage, sweepId)) await trainRun(storage, run, peak);
    }
    await advance();
    await advance();
    expect(await runsOf(storage, id)).toHaveLength(7);
    expect(await runsOf(storage, broken)).toHaveLength(4);
    expect(logged.filter((line) => line.includes("a search cannot go on"))).toHaveLength(1);
  });
});

describe("halving", () => {
  const stop_early = { asha: { min_epochs: 1, reduction_factor: 3 } };
  /** The wider the better, whatever the epoch. */
  const byWidth: Curve = ({ width }, epochs) => width / 100 + epochs / 1000;
  const grid = { width: [4, 8, 12, 16, 20, 24, 28, 32, 36] };
  const submit = (extra: object = {}) => submitBody(storage, { base, grid, stop_early, ...extra });
  const statesOf = async (id: string) => (await runsOf(storage, id)).map(({ state }) => state);

  test("compares at each rung, promotes from checkpoints and prunes the rest", async () => {
    const id = await submit();
    const seconds = async () =>
      (await storage.database.prisma.run.findMany({ where: { sweepId: id } })).map(
        (run) => run.estimatedSeconds ?? 0,
      );
    const before = await seconds();
    const runs = await runsOf(storage, id);
    for (const run of runs.slice(1)) await trainRun(storage, run, byWidth);
    await advance();
    // The rung waits for the last.
    expect(await statesOf(id)).toEqual([
      "queued",
      ...Array.from({ length: 8 }, () => "waiting_search"),
    ]);
    expect(await stateOf(id)).toMatchObject({
      state: "active",
      allowed_actions: ["cancel", "pause"],
    });
    await trainRun(storage, runs[0], byWidth);
    await advance();
    expect(await statesOf(id)).toEqual([
      ...Array.from({ length: 6 }, () => "pruned"),
      "queued",
      "queued",
      "queued",
    ]);
    expect((await runsOf(storage, id)).at(-1)).toMatchObject({ stopAfterEpochs: 3 });
    // From epoch 1 to 3 is twice as far as from 0 to 1.
    expect((await seconds()).at(-1)).toBeCloseTo(2 * (before.at(-1) ?? 0), 9);
    const pruned = await storage.run(runs[0].id);
    expect(pruned).toMatchObject({ reason: "search", leaseUntil: null });
    expect(pruned.reasonDetail).toContain("trained 1 epoch, by validation_accuracy");
    expect(pruned.finishedAt).not.toBeNull();

    const ended = await trainAll(id, byWidth, last);
    expect(ended.map(({ state }) => state)).toEqual([
      ...Array.from({ length: 8 }, () => "pruned"),
      "succeeded",
    ]);
    expect(ended.map(({ stopAfterEpochs }) => stopAfterEpochs).slice(5)).toEqual([1, 3, 3, null]);
    expect(await stateOf(id)).toMatchObject({ state: "completed", poll_after_ms: null });
    // What was pruned stays so.
    const again = actOnRun(storage.database, { userId: storage.userId, id: runs[0].id }, "retry");
    await expect(again).rejects.toThrow("no action is allowed");
  });

  test("a rung that decides locks its runs in the order of their ids, as heartbeats do", async () => {
    const { prisma } = storage.database;
    const id = await submit();
    const runs = await runsOf(storage, id);
    for (const run of runs) await trainRun(storage, run, byWidth);
    // The first is to be pruned, the last to be promoted.
    const { deciding } = await prisma.$transaction(async (transaction) => {
      const lock = async (runId = "") =>
        transaction.$queryRaw`SELECT 1 FROM runs WHERE id = ${runId} FOR NO KEY UPDATE`;
      await lock(runs[0].id);
      const advancing = advance();
      const blocked = async () =>
        prisma.$queryRaw`
          SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await expect.poll(blocked, { timeout: 10_000 }).toHaveLength(1);
      // Were the last one locked by now, this would be a deadlock.
      await lock(runs.at(-1)?.id);
      return { deciding: advancing };
    });
    await deciding;
    expect((await stateOf(id)).counts).toMatchObject({ queued: 3, pruned: 6 });
  }, 60_000);

  test("a paused sweep decides nothing; resumed, it does", async () => {
    const id = await submit();
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, byWidth);
    await act(id, "pause");
    await advance();
    expect(await stateOf(id)).toMatchObject({
      state: "paused",
      allowed_actions: ["cancel", "resume"],
    });
    expect(new Set(await statesOf(id))).toEqual(new Set(["waiting_search"]));
    await act(id, "resume");
    await advance();
    expect((await stateOf(id)).counts).toMatchObject({ pruned: 6, queued: 3 });
  });

  test("a run that its user paused holds the rung; cancelled, it counts no more", async () => {
    const id = await submit();
    const [held, ...others] = await runsOf(storage, id);
    const key = { userId: storage.userId, id: held.id };
    await actOnRun(storage.database, key, "pause");
    for (const run of others) await trainRun(storage, run, byWidth);
    await advance();
    expect((await stateOf(id)).counts).toMatchObject({ paused: 1, waiting_search: 8 });
    await actOnRun(storage.database, key, "cancel");
    await advance();
    // Two of eight, rounded down.
    expect((await stateOf(id)).counts).toMatchObject({ canceled: 1, queued: 2, pruned: 6 });
  });

  test("runs that diverge are the worst of their rung, and one tried again is compared like the others", async () => {
    const id = await submit();
    const [lost, ...others] = await runsOf(storage, id);
    await trainRun(storage, lost, () => null);
    for (const run of others) await trainRun(storage, run, byWidth);
    await advance();
    expect((await stateOf(id)).counts).toMatchObject({ failed: 1, pruned: 5, queued: 3 });
    await act(id, "retry");
    await trainAll(id, byWidth, first);
    expect((await runsOf(storage, id))[0].state).toBe("pruned");
    expect(await stateOf(id)).toMatchObject({ state: "completed" });
  });

  test("cancelled, it leaves no run behind at a rung", async () => {
    const id = await submit();
    for (const run of await runsOf(storage, id)) await trainRun(storage, run, byWidth);
    await act(id, "cancel");
    await advance();
    expect(await stateOf(id)).toMatchObject({ state: "canceled", counts: { canceled: 9 } });
  });

  test("runs of different length have their own rungs and ends", async () => {
    const id = await submitBody(storage, {
      base,
      grid: { epochs: [2, 9], width: [4, 8, 12] },
      stop_early,
    });
    const runs = await trainAll(id, byWidth, first);
    // Two of six are kept at the first rung; the short one ends there, the long one is alone at the next.
    expect(runs.map(({ state }) => state)).toEqual([
      "pruned",
      "pruned",
      "succeeded",
      "pruned",
      "pruned",
      "succeeded",
    ]);
  });

  test("under TPE a generation is compared with those before it, and the next waits for its end", async () => {
    const id = await submitBody(storage, {
      base,
      stop_early,
      tpe: { samples: 9, startup: 6, at_a_time: 3, learning_rate: { log_uniform: [1e-6, 1] } },
    });
    const grows: Curve = (spec: ExperimentSpec, epochs) => (peak(spec, epochs) ?? 0) + epochs / 100;
    const runs = await trainAll(id, grows, first);
    const again = await trainAll(
      await submitBody(storage, {
        base,
        stop_early,
        tpe: { samples: 9, startup: 6, at_a_time: 3, learning_rate: { log_uniform: [1e-6, 1] } },
      }),
      grows,
      last,
    );
    const outcome = (some: MadeUpRun[]) =>
      some.map(({ spec, state }) => [spec.learningRate, state]);
    expect(outcome(again)).toEqual(outcome(runs));
    expect(runs).toHaveLength(9);
    expect(await stateOf(id)).toMatchObject({ state: "completed" });
    // Two of the first six go beyond the first rung.
    const beyond = runs.slice(0, 6).filter(({ stopAfterEpochs }) => stopAfterEpochs !== 1);
    expect(beyond).toHaveLength(2);
  });
});
