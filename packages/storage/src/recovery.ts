/**
 * Runs that lost their worker: put back in their old place in line, or ended when their crash budget is spent. Those that
 * PostgreSQL had no room for wait, and are put back after a while.
 */
import type { RunState } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { type Fence, StaleEpochError, closeAttempt, liveStates } from "./liveRuns.js";
import { moveRun } from "./moveRun.js";

/** Crashes without a checkpoint in between after which a run is ended. */
export const CRASH_BUDGET = 3;

/**
 * `handed_back`: drained or preempted with a checkpoint written. `storage_full`: PostgreSQL had no room for what it
 * measured, or for its heartbeats. Neither costs anything of the crash budget.
 */
export type Interruption = "lost" | "crashed" | "handed_back" | "storage_full";

const NO_ROOM =
  "PostgreSQL has no room left; make room on its disk: the run is tried again by itself, from its last checkpoint";
const NO_ROOM_TO_PAUSE =
  "PostgreSQL had no room left for a checkpoint of the pause; the run resumes from the one before";

const interruptRun = async (
  transaction: Transaction,
  { id, state, crashes }: { id: string; state: RunState; crashes: number },
  interruption: Interruption,
  detail: string,
): Promise<RunState> => {
  await closeAttempt(transaction, id, interruption, detail);
  if (state === "canceling") return moveRun(transaction, id, "stopped", { reason: "user" });
  if (interruption === "storage_full") {
    const why =
      state === "pausing"
        ? ({ reason: "user", reasonDetail: NO_ROOM_TO_PAUSE } as const)
        : ({ reason: "storage_full", reasonDetail: NO_ROOM } as const);
    return moveRun(transaction, id, "storage_full", why);
  }
  await moveRun(transaction, id, "interrupted");
  if (interruption === "handed_back") return moveRun(transaction, id, "put_back");
  await transaction.run.update({ where: { id }, data: { crashes: crashes + 1 } });
  if (crashes + 1 < CRASH_BUDGET) return moveRun(transaction, id, "put_back");
  return moveRun(transaction, id, "budget_spent", {
    reason: "crash_loop",
    reasonDetail: `crashed ${crashes + 1} times without a checkpoint in between; the last: ${detail}`,
  });
};

/** For the worker itself: its child crashed, it drains, or a write found no room. */
export const giveUpRun = async (
  { prisma }: Database,
  { runId, epoch }: Fence,
  interruption: Exclude<Interruption, "lost">,
  detail: string,
): Promise<RunState> =>
  prisma.$transaction(async (transaction) => {
    const [run] = await transaction.$queryRaw<{ id: string; state: RunState; crashes: number }[]>`
      SELECT id, state, crashes FROM runs
      WHERE id = ${runId} AND epoch = ${epoch}::int AND state IN (${liveStates}) FOR NO KEY UPDATE`;
    if (run === undefined) throw new StaleEpochError({ runId, epoch });
    return interruptRun(transaction, run, interruption, detail);
  });

export interface RecoveredRun {
  id: string;
  state: RunState;
}

/** For the reconciler: every live run whose lease has run out by the database's clock, and why it has. */
export const recoverLostRuns = async (
  { prisma }: Database,
  interruption: "lost" | "storage_full" = "lost",
): Promise<RecoveredRun[]> =>
  prisma.$transaction(async (transaction) => {
    const lost = await transaction.$queryRaw<
      { id: string; state: RunState; crashes: number; worker_id: string | null }[]
    >`
      SELECT id, state, crashes, worker_id FROM runs WHERE lease_until < now()
      ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED`;
    const recovered: RecoveredRun[] = [];
    for (const run of lost) {
      const detail = `the lease of worker ${run.worker_id ?? "unknown"} ran out`;
      recovered.push({
        id: run.id,
        state: await interruptRun(transaction, run, interruption, detail),
      });
    }
    return recovered;
  });

/**
 * For the dispatcher: runs whose attempt ended for want of room at least `afterMs` ago go back to their place in line;
 * answers which. Whether there is room by now shows when they train: no probe could tell that it will last, and a run that
 * finds none again has lost nothing but the time since its checkpoint.
 */
export const retryForRoom = async ({ prisma }: Database, afterMs: number): Promise<string[]> =>
  prisma.$transaction(async (transaction) => {
    const waiting = await transaction.$queryRaw<{ id: string }[]>`
      SELECT id FROM runs WHERE state = 'waiting_storage' AND NOT EXISTS (
        SELECT 1 FROM attempts WHERE attempts.run_id = runs.id AND attempts.number = runs.attempt
          AND attempts.ended_at > now() - ${afterMs}::float8 * interval '1 millisecond')
      ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED`;
    for (const { id } of waiting) await moveRun(transaction, id, "storage_room");
    return waiting.map(({ id }) => id);
  });
