/** Runs that lost their worker: put back in their old place in line, or ended when their crash budget is spent. */
import type { RunState } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { type Fence, StaleEpochError, closeAttempt, liveStates } from "./liveRuns.js";
import { moveRun } from "./moveRun.js";

/** Crashes without a checkpoint in between after which a run is ended. */
export const CRASH_BUDGET = 3;

/** `handed_back`: drained or preempted with a checkpoint written; costs nothing of the crash budget. */
export type Interruption = "lost" | "crashed" | "handed_back";

const interruptRun = async (
  transaction: Transaction,
  { id, state, crashes }: { id: string; state: RunState; crashes: number },
  interruption: Interruption,
  detail: string,
): Promise<RunState> => {
  await closeAttempt(transaction, id, interruption, detail);
  if (state === "canceling") return moveRun(transaction, id, "stopped", { reason: "user" });
  await moveRun(transaction, id, "interrupted");
  if (interruption === "handed_back") return moveRun(transaction, id, "put_back");
  await transaction.run.update({ where: { id }, data: { crashes: crashes + 1 } });
  if (crashes + 1 < CRASH_BUDGET) return moveRun(transaction, id, "put_back");
  return moveRun(transaction, id, "budget_spent", {
    reason: "crash_loop",
    reasonDetail: `crashed ${crashes + 1} times without a checkpoint in between; the last: ${detail}`,
  });
};

/** For the worker itself: its child crashed, or it drains. */
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

/** For the reconciler: every live run whose lease has run out by the database's clock. */
export const recoverLostRuns = async ({ prisma }: Database): Promise<RecoveredRun[]> =>
  prisma.$transaction(async (transaction) => {
    const lost = await transaction.$queryRaw<
      { id: string; state: RunState; crashes: number; worker_id: string | null }[]
    >`
      SELECT id, state, crashes, worker_id FROM runs WHERE lease_until < now()
      ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED`;
    const recovered: RecoveredRun[] = [];
    for (const run of lost) {
      const detail = `the lease of worker ${run.worker_id ?? "unknown"} ran out`;
      recovered.push({ id: run.id, state: await interruptRun(transaction, run, "lost", detail) });
    }
    return recovered;
  });
