/** Cancelling: what waits ends at once, what runs is asked to stop (canceling) and ends when it has. */
import type { Database, Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { StateConflictError, moveRun } from "./moveRun.js";
import { type RunKey, type RunRow, asRunRow } from "./runs.js";
import { type RunState, statesThatAllow, transition } from "@pclab/core";

/** Null when the user has no such run. Cancelling what is cancelled changes nothing. */
export const cancelRun = async (
  { prisma }: Database,
  { userId, id }: RunKey,
): Promise<{ run: RunRow; changed: boolean } | null> =>
  prisma.$transaction(async (transaction) => {
    // The lock comes before the look, so that the state judged is the state changed.
    await transaction.$queryRaw`SELECT 1 FROM runs WHERE id = ${id} AND user_id = ${userId} FOR NO KEY UPDATE`;
    const before = await transaction.run.findFirst({ where: { id, userId } });
    if (before === null) return null;
    const state = before.state as RunState;
    if (state === "canceling" || state === "canceled")
      return { run: asRunRow(before), changed: false };
    if (transition(state, "cancel") === null) throw new StateConflictError(state, "cancel");
    await moveRun(transaction, id, "cancel", { reason: "user" });
    const run = await transaction.run.findUniqueOrThrow({ where: { id } });
    return { run: asRunRow(run), changed: true };
  });

const cancelTargets = statesThatAllow("cancel").map((state) => ({
  state,
  to: transition(state, "cancel"),
}));
const endAtOnce = cancelTargets.filter(({ to }) => to === "canceled").map(({ state }) => state);
const stopFirst = cancelTargets.filter(({ to }) => to === "canceling").map(({ state }) => state);

/** Cancels every run and every analysis of a sweep that still can be, in a few statements however many they are. */
export const cancelSweep = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<{ changed: boolean } | null> =>
  prisma.$transaction(async (transaction) => {
    // No stronger lock: whoever changes a run twice in a transaction checks its foreign keys, and would wait for this one.
    const sweeps = await transaction.$queryRaw<{ cancel_requested_at: Date | null }[]>`
      SELECT cancel_requested_at FROM sweeps WHERE id = ${id} AND user_id = ${userId} FOR NO KEY UPDATE`;
    const [sweep] = sweeps;
    if (sweep === undefined) return null;
    // In the order of their ids, as the heartbeats of workers lock them: neither can deadlock the other.
    await transaction.$executeRaw`
      SELECT id FROM runs WHERE sweep_id = ${id} AND state IN (${Prisma.join([...endAtOnce, ...stopFirst])})
      ORDER BY id FOR NO KEY UPDATE`;
    const ended = await transaction.$executeRaw`
      UPDATE runs SET state = 'canceled', reason = 'user', finished_at = now(), dispatched_at = NULL,
        epoch = epoch + 1, version = version + 1
      WHERE sweep_id = ${id} AND state IN (${Prisma.join(endAtOnce)})`;
    const asked = await transaction.$executeRaw`
      UPDATE runs SET state = 'canceling', reason = 'user', version = version + 1
      WHERE sweep_id = ${id} AND state IN (${Prisma.join(stopFirst)})`;
    const analyses = await cancelAnalyses(transaction, id);
    if (ended + asked + analyses === 0) return { changed: false };
    await transaction.$executeRaw`
      UPDATE sweeps SET cancel_requested_at = COALESCE(cancel_requested_at, now()) WHERE id = ${id}`;
    return { changed: true };
  });

const cancelAnalyses = async (transaction: Transaction, sweepId: string): Promise<number> => {
  // In the order of their ids, as the heartbeats lock them.
  await transaction.$executeRaw`
    SELECT analyses.id FROM analyses JOIN runs ON runs.id = analyses.run_id
    WHERE runs.sweep_id = ${sweepId} AND analyses.finished_at IS NULL
    ORDER BY analyses.id FOR NO KEY UPDATE OF analyses`;
  const ended = await transaction.$executeRaw`
    UPDATE analyses SET state = 'canceled', reason = 'user', cancel_requested_at = now(), finished_at = now(),
      dispatched_at = NULL, epoch = analyses.epoch + 1
    FROM runs WHERE runs.id = analyses.run_id AND runs.sweep_id = ${sweepId} AND analyses.state = 'queued'`;
  const asked = await transaction.$executeRaw`
    UPDATE analyses SET cancel_requested_at = now()
    FROM runs WHERE runs.id = analyses.run_id AND runs.sweep_id = ${sweepId} AND analyses.state = 'running'
      AND analyses.cancel_requested_at IS NULL`;
  return ended + asked;
};
