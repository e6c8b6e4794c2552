/**
 * What a user asks of a run: cancel, pause, resume, retry. What waits obeys at once; what runs is asked to, and its worker
 * ends it (canceling) or first writes a checkpoint (pausing). Asking again changes nothing.
 */
import { type RunState, type UserAction, transition } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { StateConflictError, moveRun } from "./moveRun.js";
import { runsInReach } from "./reach.js";
import { type RunKey, type RunRow, asRunRow } from "./runs.js";

/** States in which an action has been done already. */
const DONE: Record<UserAction, readonly RunState[]> = {
  cancel: ["canceling", "canceled"],
  pause: ["pausing", "paused"],
  resume: ["queued", "starting", "running"],
  retry: ["queued", "starting", "running"],
};

/** Null when there is no such run in reach. @throws StateConflictError */
export const actOnRun = async (
  { prisma }: Database,
  { id, ...viewer }: RunKey,
  action: UserAction,
): Promise<{ run: RunRow; changed: boolean } | null> =>
  prisma.$transaction(async (transaction) => {
    // Locks come before the look, so that the state judged is the state changed; the sweep's first, as everywhere.
    await transaction.$queryRaw`
      SELECT 1 FROM sweeps WHERE id = (SELECT sweep_id FROM runs WHERE id = ${id}) FOR NO KEY UPDATE`;
    await transaction.$queryRaw`SELECT 1 FROM runs WHERE id = ${id} FOR NO KEY UPDATE`;
    const before = await transaction.run.findFirst({
      where: { id, deletedAt: null, ...runsInReach(viewer) },
    });
    if (before === null) return null;
    const run = asRunRow(before);
    if (DONE[action].includes(run.state)) return { run, changed: false };
    if (transition(run.state, action) === null) throw new StateConflictError(run.state, action);
    await moveRun(transaction, id, action, reasonOf(action));
    if (action === "retry") {
      await toEndOfLine(transaction, [id]);
      // Its sweep is one that nobody cancelled.
      await transaction.$executeRaw`
        UPDATE sweeps SET cancel_requested_at = NULL WHERE id = ${run.sweepId} AND cancel_requested_at IS NOT NULL`;
    }
    const after = await transaction.run.findUniqueOrThrow({ where: { id } });
    return { run: asRunRow(after), changed: true };
  });

export const reasonOf = (action: UserAction): { reason: "user" | null } => ({
  reason: action === "cancel" || action === "pause" ? "user" : null,
});

/** A run that is tried again has its whole crash budget, and no place in line from before. */
export const toEndOfLine = async (
  transaction: Transaction,
  runIds: readonly string[],
): Promise<void> => {
  await transaction.$executeRaw`
    UPDATE runs SET crashes = 0, queued_at = now() WHERE id = ANY(${[...runIds]}::text[])`;
};
