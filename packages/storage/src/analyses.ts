/** Analyses as their owner sees them: submitted, read, cancelled. How a worker holds one is in analysisLeases.ts. */
import {
  type AnalysisKind,
  type AnalysisSettings,
  type AnalysisState,
  type LandscapePoint,
  type MeasuredAnalysis,
  type RunReason,
  analysisParts,
  readStoredSpec,
} from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import type { Analysis, Prisma } from "./generated/prisma/client.js";
import { newId } from "./ids.js";
import { type Viewer, runsInReach } from "./reach.js";
import { tellOfAnalyses } from "./webhookMessages.js";

export type AnalysisRow = Omit<Analysis, "state" | "kind" | "reason"> & {
  state: AnalysisState;
  kind: AnalysisKind;
  reason: RunReason | null;
};

/** The table's CHECK holds the states, and only this code writes kinds and reasons. */
export const asAnalysisRow = (row: Analysis): AnalysisRow => row as AnalysisRow;

export interface NewAnalysis {
  userId: string;
  runId: string;
  /** The checkpoint to look at, which then stays; null for the run's last. */
  checkpointId: string | null;
  settings: AnalysisSettings;
  /** Of one slot, as they are forecast. */
  estimatedSeconds: number;
}

const insert = ({
  userId,
  runId,
  checkpointId,
  settings,
  estimatedSeconds,
}: NewAnalysis): Prisma.AnalysisUncheckedCreateInput => ({
  id: newId("ana"),
  userId,
  runId,
  checkpointId,
  kind: settings.kind,
  settings,
  estimatedSeconds,
  total: analysisParts(settings),
});

/** Analyses a user may have in the queue. */
export const MAX_QUEUED_ANALYSES_PER_USER = 10_000;

export class QueuedAnalysesQuotaError extends Error {
  constructor(queued: number, added: number) {
    super(
      `${queued} of your analyses are queued and ${added} would be added; ` +
        `at most ${MAX_QUEUED_ANALYSES_PER_USER} may be queued at once`,
    );
    this.name = "QueuedAnalysesQuotaError";
  }
}

/** @throws QueuedAnalysesQuotaError */
export const storeAnalysis = async (
  { prisma }: Database,
  analysis: NewAnalysis,
): Promise<AnalysisRow> =>
  prisma.$transaction(async (transaction) => {
    const { userId, checkpointId } = analysis;
    await refuseOverQuota(transaction, userId, 1);
    if (checkpointId !== null) {
      await transaction.checkpoint.update({ where: { id: checkpointId }, data: { kept: true } });
    }
    return asAnalysisRow(await transaction.analysis.create({ data: insert(analysis) }));
  });

/** Those that are submitted together with their runs. */
export const insertAnalyses = async (
  transaction: Transaction,
  userId: string,
  analyses: readonly Omit<NewAnalysis, "userId">[],
): Promise<void> => {
  if (analyses.length === 0) return;
  await refuseOverQuota(transaction, userId, analyses.length);
  await transaction.analysis.createMany({
    data: analyses.map((analysis) => insert({ userId, ...analysis })),
  });
};

const refuseOverQuota = async (
  transaction: Transaction,
  userId: string,
  added: number,
): Promise<void> => {
  const queued = await transaction.analysis.count({ where: { userId, state: "queued" } });
  if (queued + added > MAX_QUEUED_ANALYSES_PER_USER)
    throw new QueuedAnalysesQuotaError(queued, added);
};

export const findAnalysis = async (
  { prisma }: Database,
  { id, ...viewer }: Viewer & { id: string },
): Promise<AnalysisRow | null> => {
  const row = await prisma.analysis.findFirst({
    where: { id, run: { deletedAt: null, ...runsInReach(viewer) } },
  });
  return row === null ? null : asAnalysisRow(row);
};

/** In the order in which they were submitted. */
export const listAnalyses = async (
  { prisma }: Database,
  where: { runId: string } | { sweepId: string },
): Promise<AnalysisRow[]> => {
  const rows = await prisma.analysis.findMany({
    where: "runId" in where ? where : { run: { sweepId: where.sweepId } },
    orderBy: { id: "asc" },
  });
  return rows.map(asAnalysisRow);
};

export type AnalysisCounts = Record<AnalysisState, number>;

/** Per sweep, of all its runs. */
export const countAnalyses = async (
  prisma: Transaction,
  sweepIds: readonly string[],
): Promise<Map<string, AnalysisCounts>> => {
  const groups = await prisma.$queryRaw<
    { sweep_id: string; state: AnalysisState; count: number }[]
  >`
    SELECT runs.sweep_id, analyses.state, count(*)::int AS count
    FROM analyses JOIN runs ON runs.id = analyses.run_id
    WHERE runs.sweep_id = ANY(${[...sweepIds]}::text[]) AND runs.deleted_at IS NULL GROUP BY 1, 2`;
  const counts = new Map(sweepIds.map((id) => [id, noAnalyses()]));
  for (const { sweep_id, state, count } of groups) {
    const ofSweep = counts.get(sweep_id);
    if (ofSweep !== undefined) ofSweep[state] = count;
  }
  return counts;
};

export const noAnalyses = (): AnalysisCounts => ({
  queued: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
});

/** The latest that succeeded in one attempt: what forecasts go by. */
export const listMeasuredAnalyses = async (
  { prisma }: Database,
  limit: number,
): Promise<MeasuredAnalysis[]> => {
  const rows = await prisma.$queryRaw<{ settings: unknown; spec: unknown; seconds: number }[]>`
    SELECT settings, spec, EXTRACT(EPOCH FROM analyses.finished_at - analyses.started_at)::float8 AS seconds
    FROM analyses JOIN runs ON runs.id = analyses.run_id
    WHERE analyses.state = 'succeeded' AND analyses.attempt = 1
    ORDER BY analyses.finished_at DESC LIMIT ${limit}::int`;
  return rows.map(({ settings, spec, seconds }) => ({
    settings: settings as AnalysisSettings,
    spec: readStoredSpec(spec),
    seconds,
  }));
};

export const listAnalysisPoints = async (
  { prisma }: Database,
  analysisId: string,
): Promise<LandscapePoint[]> =>
  prisma.analysisPoint.findMany({
    where: { analysisId },
    orderBy: { index: "asc" },
    select: { index: true, value: true, accuracy: true },
  });

/** A terminal analysis cannot be cancelled. */
export class AnalysisEndedError extends Error {
  constructor(state: AnalysisState) {
    super(`an analysis that has ${state} cannot be cancelled; no action is allowed`);
    this.name = "AnalysisEndedError";
  }
}

/**
 * What waits ends at once; what runs is asked to stop, and ends when its worker has. Cancelling twice changes nothing;
 * null when the user has no such analysis.
 */
export const cancelAnalysis = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<{ analysis: AnalysisRow; changed: boolean } | null> =>
  prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM analyses WHERE id = ${id} AND user_id = ${userId} FOR NO KEY UPDATE`;
    const found = await transaction.analysis.findFirst({ where: { id, userId } });
    if (found === null) return null;
    const before = asAnalysisRow(found);
    if (before.state === "canceled" || before.cancelRequestedAt !== null)
      return { analysis: before, changed: false };
    if (before.state === "succeeded" || before.state === "failed")
      throw new AnalysisEndedError(before.state);
    const now = new Date();
    const data =
      before.state === "running"
        ? { cancelRequestedAt: now }
        : {
            cancelRequestedAt: now,
            state: "canceled",
            reason: "user",
            finishedAt: now,
            dispatchedAt: null,
            epoch: { increment: 1 },
          };
    const analysis = await transaction.analysis.update({ where: { id }, data });
    if (analysis.finishedAt !== null) await tellOfAnalyses(transaction, [id]);
    return { analysis: asAnalysisRow(analysis), changed: true };
  });
