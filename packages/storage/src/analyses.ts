/** Analyses as their owner sees them: submitted, read, cancelled. How a worker holds one is in analysisLeases.ts. */
import type { AnalysisKind, AnalysisSettings, RunReason } from "@pclab/core";
import type { Database } from "./database.js";
import type { Analysis, Prisma } from "./generated/prisma/client.js";
import { newId } from "./ids.js";

export const ANALYSIS_STATES = ["queued", "running", "succeeded", "failed", "canceled"] as const;
export type AnalysisState = (typeof ANALYSIS_STATES)[number];

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
  settings: AnalysisSettings;
  /** Parts to do. */
  total: number;
}

const insert = ({
  userId,
  runId,
  settings,
  total,
}: NewAnalysis): Prisma.AnalysisUncheckedCreateInput => ({
  id: newId("ana"),
  userId,
  runId,
  kind: settings.kind,
  settings,
  total,
});

/** Analyses a user may have in the queue. */
export const MAX_QUEUED_ANALYSES_PER_USER = 10_000;

export class QueuedAnalysesQuotaError extends Error {
  constructor() {
    super(
      `${MAX_QUEUED_ANALYSES_PER_USER} of your analyses are queued, the most that may be at once`,
    );
    this.name = "QueuedAnalysesQuotaError";
  }
}

/** @throws QueuedAnalysesQuotaError */
export const storeAnalysis = async (
  { prisma }: Database,
  analysis: NewAnalysis,
): Promise<AnalysisRow> => {
  const { userId } = analysis;
  const queued = await prisma.analysis.count({ where: { userId, state: "queued" } });
  if (queued >= MAX_QUEUED_ANALYSES_PER_USER) throw new QueuedAnalysesQuotaError();
  return asAnalysisRow(await prisma.analysis.create({ data: insert(analysis) }));
};

export const findAnalysis = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<AnalysisRow | null> => {
  const row = await prisma.analysis.findFirst({ where: { id, userId } });
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

/** One point of a landscape, at its place in the grid; null where the surface is not finite. */
export interface AnalysisPointRow {
  index: number;
  value: number | null;
  accuracy: number | null;
}

export const listAnalysisPoints = async (
  { prisma }: Database,
  analysisId: string,
): Promise<AnalysisPointRow[]> =>
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
    return { analysis: asAnalysisRow(analysis), changed: true };
  });
