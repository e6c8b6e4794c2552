/**
 * How a worker takes an analysis and keeps it: claim, lease, points as they come, the end. Every write is fenced by the
 * analysis's epoch, as a run's are.
 */
import type { AnalysisSettings, LandscapePoint, RunReason } from "@pclab/core";
import { type AnalysisRow, asAnalysisRow } from "./analyses.js";
import type { CheckpointRow } from "./checkpoints.js";
import type { Database, Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { noteTurn } from "./line.js";
import { CRASH_BUDGET } from "./recovery.js";
import { tellOfAnalyses } from "./webhookMessages.js";

export interface AnalysisFence {
  analysisId: string;
  epoch: number;
}

/** The analysis is no longer this attempt's. */
export class StaleAnalysisError extends Error {
  override name = "StaleAnalysisError";

  constructor({ analysisId, epoch }: AnalysisFence) {
    super(`${analysisId} is no longer held under epoch ${epoch}; the write was refused`);
  }
}

export interface ClaimedAnalysis {
  id: string;
  runId: string;
  epoch: number;
  settings: AnalysisSettings;
  /** The spec of its run as it is stored. */
  storedSpec: unknown;
  /** What it looks at. */
  checkpoint: CheckpointRow;
  /** Those that were kept of the training before it, in its order. */
  earlier: CheckpointRow[];
  /** Points that an attempt before has left: the first of the grid. */
  done: number;
}

/** Of any number of claims of one epoch, one succeeds, and the others get null. */
export const claimAnalysis = async (
  database: Database,
  request: AnalysisFence & { workerId: string; leaseMs: number },
): Promise<ClaimedAnalysis | null> => {
  const claimed = await database.prisma.$transaction(async (transaction) => {
    const { analysisId, epoch, workerId, leaseMs } = request;
    const changed = await transaction.$executeRaw`
      UPDATE analyses SET
        state = 'running', reason = NULL, reason_detail = NULL, epoch = epoch + 1, attempt = attempt + 1,
        worker_id = ${workerId}, started_at = COALESCE(started_at, now()), dispatched_at = NULL,
        lease_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
        done = (SELECT count(*)::int FROM analysis_points WHERE analysis_id = ${analysisId})
      WHERE id = ${analysisId} AND epoch = ${epoch}::int AND state = 'queued'`;
    if (changed !== 1) return null;
    const { run, ...row } = await transaction.analysis.findUniqueOrThrow({
      where: { id: analysisId },
      include: { run: true },
    });
    const checkpoints = await transaction.checkpoint.findMany({
      where: { runId: run.resultsOf ?? run.id },
      orderBy: { weightUpdate: "asc" },
    });
    const place =
      row.checkpointId === null
        ? checkpoints.length - 1
        : checkpoints.findIndex(({ id }) => id === row.checkpointId);
    const checkpoint = checkpoints[place];
    if (checkpoint === undefined) throw new Error(`${run.id} has succeeded without a checkpoint`);
    return {
      id: row.id,
      runId: run.id,
      epoch: row.epoch,
      settings: row.settings as AnalysisSettings,
      storedSpec: run.spec,
      checkpoint,
      earlier: checkpoints.slice(0, place).filter(({ kept }) => kept),
      done: row.done,
    };
  });
  if (claimed !== null) await noteTurn(database, claimed.runId);
  return claimed;
};

/** Renews the leases of a worker's analyses; one that is missing from the answer is no longer the worker's. */
export const renewAnalysisLeases = async (
  { prisma }: Database,
  fences: readonly AnalysisFence[],
  leaseMs: number,
): Promise<(AnalysisFence & { isCanceling: boolean })[]> => {
  if (fences.length === 0) return [];
  const ids = fences.map(({ analysisId }) => analysisId);
  return prisma.$queryRaw<(AnalysisFence & { isCanceling: boolean })[]>`
    WITH locked AS MATERIALIZED (
      SELECT id FROM analyses WHERE id = ANY(${ids}::text[]) ORDER BY id FOR NO KEY UPDATE)
    UPDATE analyses SET lease_until = now() + ${leaseMs}::float8 * interval '1 millisecond'
    FROM locked JOIN unnest(${ids}::text[], ${fences.map(({ epoch }) => epoch)}::int[]) AS held(id, epoch)
      ON held.id = locked.id
    WHERE analyses.id = locked.id AND analyses.epoch = held.epoch AND analyses.state = 'running'
    RETURNING analyses.id AS "analysisId", analyses.epoch,
      analyses.cancel_requested_at IS NOT NULL AS "isCanceling"`;
};

/** Points as they come; they reset the crash budget, as a run's checkpoint does. Writing one again changes nothing. */
export const recordAnalysisPoints = async (
  { prisma }: Database,
  fence: AnalysisFence,
  { engine, points }: { engine: string; points: readonly LandscapePoint[] },
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await proveEpoch(transaction, fence);
    await transaction.$executeRaw`
      INSERT INTO analysis_points (analysis_id, index, value, accuracy)
      SELECT ${fence.analysisId}, point.index, point.value, point.accuracy
      FROM unnest(${points.map(({ index }) => index)}::int[], ${points.map(({ value }) => value)}::float8[],
        ${points.map(({ accuracy }) => accuracy)}::float8[]) AS point(index, value, accuracy)
      ON CONFLICT DO NOTHING`;
    await transaction.$executeRaw`
      UPDATE analyses SET crashes = 0, engine = ${engine},
        done = (SELECT count(*)::int FROM analysis_points WHERE analysis_id = ${fence.analysisId})
      WHERE id = ${fence.analysisId}`;
  });

export type AnalysisEnding =
  | { type: "succeeded"; engine: string; result: object }
  | { type: "failed"; reason: RunReason; detail: string }
  | { type: "canceled" };

/** An analysis that was to be cancelled ends canceled, however far it had come. */
export const recordAnalysisEnd = async (
  { prisma }: Database,
  fence: AnalysisFence,
  ending: AnalysisEnding,
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    const { cancelRequestedAt, total } = await proveEpoch(transaction, fence);
    const end = cancelRequestedAt === null ? ending : ({ type: "canceled" } as const);
    await leave(transaction, fence.analysisId, {
      state: end.type,
      finishedAt: new Date(),
      ...(end.type === "succeeded"
        ? { engine: end.engine, result: end.result, done: total }
        : end.type === "failed"
          ? { reason: end.reason, reasonDetail: end.detail }
          : { reason: "user" }),
    });
  });

/** For the worker itself: its child crashed, or it drains. What was done stays done. */
export const giveUpAnalysis = async (
  { prisma }: Database,
  fence: AnalysisFence,
  interruption: "crashed" | "handed_back",
  detail: string,
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    const row = await proveEpoch(transaction, fence);
    await interrupt(transaction, row, interruption, detail);
  });

/** For the reconciler: every analysis whose lease has run out by the database's clock. */
export const recoverLostAnalyses = async ({ prisma }: Database): Promise<string[]> =>
  prisma.$transaction(async (transaction) => {
    const lost = await transaction.$queryRaw<{ id: string }[]>`
      SELECT id FROM analyses WHERE lease_until < now() ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED`;
    for (const { id } of lost) {
      const row = asAnalysisRow(await transaction.analysis.findUniqueOrThrow({ where: { id } }));
      const detail = `the lease of worker ${row.workerId ?? "unknown"} ran out`;
      await interrupt(transaction, row, "lost", detail);
    }
    return lost.map(({ id }) => id);
  });

/** What waits for a run that ended without a network to look at will wait for ever: it fails. */
export const failOrphanedAnalyses = async ({ prisma }: Database): Promise<number> =>
  prisma.$transaction(async (transaction) => {
    const failed = await transaction.$queryRaw<{ id: string }[]>`
      UPDATE analyses SET state = 'failed', reason = 'user_error', finished_at = now(), dispatched_at = NULL,
        epoch = analyses.epoch + 1,
        reason_detail = 'run ' || runs.id || ' is ' || runs.state || ' and has no trained network to look at'
      FROM runs WHERE runs.id = analyses.run_id AND analyses.state = 'queued'
        AND runs.state IN ('failed', 'canceled', 'pruned')
      RETURNING analyses.id`;
    await tellOfAnalyses(
      transaction,
      failed.map(({ id }) => id),
    );
    return failed.length;
  });

const interrupt = async (
  transaction: Transaction,
  { id, cancelRequestedAt, crashes }: AnalysisRow,
  interruption: "lost" | "crashed" | "handed_back",
  detail: string,
): Promise<void> => {
  if (cancelRequestedAt !== null) {
    await leave(transaction, id, { state: "canceled", reason: "user", finishedAt: new Date() });
    return;
  }
  if (interruption === "handed_back") {
    await leave(transaction, id, { state: "queued" });
    return;
  }
  const isSpent = crashes + 1 >= CRASH_BUDGET;
  await leave(transaction, id, {
    crashes: crashes + 1,
    ...(isSpent
      ? {
          state: "failed",
          reason: "crash_loop",
          reasonDetail: `crashed ${crashes + 1} times without a point in between; the last: ${detail}`,
          finishedAt: new Date(),
        }
      : { state: "queued" }),
  });
};

/** Leaving `running` gives up the lease and raises the epoch, so that nothing the old holder writes can land. */
const leave = async (
  transaction: Transaction,
  id: string,
  data: Prisma.AnalysisUpdateInput,
): Promise<void> => {
  const { finishedAt } = await transaction.analysis.update({
    where: { id },
    data: { leaseUntil: null, workerId: null, epoch: { increment: 1 }, ...data },
  });
  if (finishedAt !== null) await tellOfAnalyses(transaction, [id]);
};

/** Locks the row for the transaction and proves the epoch on it. */
const proveEpoch = async (transaction: Transaction, fence: AnalysisFence): Promise<AnalysisRow> => {
  const held = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM analyses WHERE id = ${fence.analysisId} AND epoch = ${fence.epoch}::int AND state = 'running'
    FOR NO KEY UPDATE`;
  if (held.length === 0) throw new StaleAnalysisError(fence);
  return asAnalysisRow(
    await transaction.analysis.findUniqueOrThrow({ where: { id: fence.analysisId } }),
  );
};
