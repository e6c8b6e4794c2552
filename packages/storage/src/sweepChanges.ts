/** What an owner may change of a sweep, and how it goes: deleted, then, after a grace period, gone. */
import type { PriorityClass } from "@pclab/core";
import type { Database, Transaction } from "./database.js";

export interface SweepChanges {
  name: string;
  shared: boolean;
  tags: string[];
  notes: string;
  priorityClass: PriorityClass;
  priority: number;
}

/** A sweep or a run that has not ended cannot be deleted. */
export class NotEndedError extends Error {
  override name = "NotEndedError";
}

/** False when the user has no such sweep; "stale" when `version` is given and is not the sweep's. */
export const updateSweep = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
  changes: Partial<SweepChanges>,
  version: number | null,
): Promise<boolean | "stale"> => {
  const key = { id, userId, deletedAt: null };
  const updated = await prisma.sweep.updateMany({
    where: { ...key, ...(version === null ? {} : { version }) },
    data: { ...changes, version: { increment: 1 } },
  });
  if (updated.count > 0) return true;
  return (await prisma.sweep.count({ where: key })) > 0 ? "stale" : false;
};

/** Hides the sweep and its runs. False when the user has no such sweep. @throws NotEndedError */
export const deleteSweep = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<boolean> =>
  prisma.$transaction(async (transaction) => {
    const [sweep] = await transaction.$queryRaw<{ makesRuns: boolean }[]>`
      SELECT planned_runs IS NOT NULL AS "makesRuns" FROM sweeps WHERE id = ${id} AND user_id = ${userId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
    if (sweep === undefined) return false;
    if (sweep.makesRuns)
      throw new NotEndedError("its search has further runs to make; cancel first");
    await refuseUnended(transaction, { sweepId: id });
    const deletedAt = new Date();
    await transaction.sweep.update({ where: { id }, data: { deletedAt } });
    // Runs that were deleted before keep their own time: restoring the sweep does not bring them back.
    await transaction.run.updateMany({
      where: { sweepId: id, deletedAt: null },
      data: { deletedAt },
    });
    return true;
  });

/** False when the user has no such sweep in the grace period. */
export const restoreSweep = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<boolean> =>
  prisma.$transaction(async (transaction) => {
    const sweep = await transaction.sweep.findFirst({
      where: { id, userId, deletedAt: { not: null } },
      select: { deletedAt: true },
    });
    if (sweep === null) return false;
    await transaction.run.updateMany({
      where: { sweepId: id, deletedAt: sweep.deletedAt },
      data: { deletedAt: null },
    });
    await transaction.sweep.update({ where: { id }, data: { deletedAt: null } });
    return true;
  });

/** Hides a run of a sweep. False when the user has no such run. @throws NotEndedError */
export const deleteRun = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<boolean> =>
  prisma.$transaction(async (transaction) => {
    const [run] = await transaction.$queryRaw<{ id: string }[]>`
      SELECT id FROM runs WHERE id = ${id} AND user_id = ${userId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
    if (run === undefined) return false;
    await refuseUnended(transaction, { id });
    await transaction.run.update({ where: { id }, data: { deletedAt: new Date() } });
    return true;
  });

const refuseUnended = async (
  transaction: Transaction,
  where: { sweepId: string } | { id: string },
): Promise<void> => {
  const runs = await transaction.run.count({ where: { ...where, finishedAt: null } });
  const analyses = await transaction.analysis.count({ where: { run: where, finishedAt: null } });
  if (runs + analyses === 0) return;
  throw new NotEndedError(
    `${runs} run${runs === 1 ? " has" : "s have"} and ${analyses} analys${analyses === 1 ? "is has" : "es have"} not ended; cancel first`,
  );
};

/**
 * Removes for good what was deleted before the grace period began, some at a time; answers how many sweeps and runs went.
 * A run whose results another has taken over stays as long as that one.
 */
export const purgeDeleted = async (
  { prisma }: Database,
  graceMs: number,
): Promise<{ sweeps: number; runs: number }> => {
  // Checkpoints that an analysis looks at go after their analyses, which hang on the run as they do.
  const runs = await prisma.$transaction(async (transaction) => {
    const due = await transaction.$queryRaw<{ id: string }[]>`
      SELECT id FROM runs WHERE deleted_at < now() - ${graceMs}::float8 * interval '1 millisecond'
        AND NOT EXISTS (SELECT 1 FROM runs AS other WHERE other.results_of = runs.id)
      ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED`;
    const ids = due.map(({ id }) => id);
    await transaction.analysis.deleteMany({ where: { runId: { in: ids } } });
    await transaction.run.deleteMany({ where: { id: { in: ids } } });
    return ids.length;
  });
  const sweeps = await prisma.$executeRaw`
    DELETE FROM sweeps WHERE deleted_at < now() - ${graceMs}::float8 * interval '1 millisecond'
      AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.sweep_id = sweeps.id)`;
  return { sweeps, runs };
};
