/** The same of a whole sweep, in a few statements however many runs it has. */
import type { UserAction } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { moveRunsOfSweep } from "./moveRun.js";
import { type Viewer, sweepsInReach } from "./reach.js";
import { reasonOf, toEndOfLine } from "./runActions.js";
import { tellOfAnalyses, tellOfSweep } from "./webhookMessages.js";

/** Null when there is no such sweep in reach. */
export const actOnSweep = async (
  { prisma }: Database,
  { id, ...viewer }: Viewer & { id: string },
  action: UserAction,
): Promise<{ changed: boolean } | null> =>
  prisma.$transaction(async (transaction) => {
    const found = await transaction.sweep.findFirst({
      where: { id, deletedAt: null, ...sweepsInReach(viewer) },
      select: { id: true },
    });
    if (found === null) return null;
    // No stronger lock: whoever changes a run twice in a transaction checks its foreign keys, and would wait for this one.
    await transaction.$queryRaw`SELECT 1 FROM sweeps WHERE id = ${id} FOR NO KEY UPDATE`;
    const moved = await moveRunsOfSweep(transaction, id, action, {
      ...reasonOf(action),
      // Of a sweep, those are tried again that failed; what was cancelled was not wanted.
      ...(action === "retry" ? { from: ["failed"] } : {}),
    });
    const analyses = action === "cancel" ? await cancelAnalyses(transaction, id) : 0;
    const searches = await actOnSearch(transaction, id, action);
    // Of a sweep that has ended, analyses alone can be canceled: it stays as it ended.
    if (moved.length + searches === 0) return { changed: analyses > 0 };
    if (action === "retry") await toEndOfLine(transaction, moved);
    await noteOnSweep(transaction, id, action);
    if (action === "cancel") await tellOfSweep(transaction, id);
    return { changed: true };
  });

const noteOnSweep = async (
  transaction: Transaction,
  id: string,
  action: UserAction,
): Promise<void> => {
  switch (action) {
    case "cancel":
      await transaction.$executeRaw`
        UPDATE sweeps SET cancel_requested_at = COALESCE(cancel_requested_at, now()), version = version + 1
        WHERE id = ${id}`;
      return;
    case "pause":
      await transaction.$executeRaw`
        UPDATE sweeps SET paused_at = COALESCE(paused_at, now()), version = version + 1 WHERE id = ${id}`;
      return;
    case "resume":
      await transaction.$executeRaw`
        UPDATE sweeps SET paused_at = NULL, version = version + 1 WHERE id = ${id}`;
      return;
    case "retry":
      await transaction.$executeRaw`
        UPDATE sweeps SET cancel_requested_at = NULL, version = version + 1 WHERE id = ${id}`;
  }
};

/**
 * A search that has runs to make or rungs to decide stops and goes on with its sweep; cancelled, it makes none ever
 * after. Answers how many changed: one or none.
 */
const actOnSearch = async (
  transaction: Transaction,
  id: string,
  action: UserAction,
): Promise<number> => {
  switch (action) {
    case "cancel":
      return transaction.$executeRaw`
        UPDATE sweeps SET planned_runs = NULL WHERE id = ${id} AND planned_runs IS NOT NULL`;
    case "pause":
      return transaction.$executeRaw`
        UPDATE sweeps SET paused_at = now() WHERE id = ${id} AND paused_at IS NULL AND ${hasSearch}`;
    case "resume":
      return transaction.$executeRaw`
        UPDATE sweeps SET paused_at = NULL WHERE id = ${id} AND paused_at IS NOT NULL AND ${hasSearch}`;
    case "retry":
      return 0;
  }
};

const hasSearch = Prisma.sql`(planned_runs IS NOT NULL OR EXISTS (
  SELECT 1 FROM runs WHERE runs.sweep_id = sweeps.id AND runs.state = 'waiting_search'))`;

const cancelAnalyses = async (transaction: Transaction, sweepId: string): Promise<number> => {
  // In the order of their ids, as the heartbeats lock them.
  await transaction.$executeRaw`
    SELECT analyses.id FROM analyses JOIN runs ON runs.id = analyses.run_id
    WHERE runs.sweep_id = ${sweepId} AND analyses.finished_at IS NULL
    ORDER BY analyses.id FOR NO KEY UPDATE OF analyses`;
  const ended = await transaction.$queryRaw<{ id: string }[]>`
    UPDATE analyses SET state = 'canceled', reason = 'user', cancel_requested_at = now(), finished_at = now(),
      dispatched_at = NULL, epoch = analyses.epoch + 1
    FROM runs WHERE runs.id = analyses.run_id AND runs.sweep_id = ${sweepId} AND analyses.state = 'queued'
    RETURNING analyses.id`;
  await tellOfAnalyses(
    transaction,
    ended.map(({ id }) => id),
  );
  const asked = await transaction.$executeRaw`
    UPDATE analyses SET cancel_requested_at = now()
    FROM runs WHERE runs.id = analyses.run_id AND runs.sweep_id = ${sweepId} AND analyses.state = 'running'
      AND analyses.cancel_requested_at IS NULL`;
  return ended.length + asked;
};
