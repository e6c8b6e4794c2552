/** Sweeps: stored whole with their runs and their idempotency key in one transaction, or not at all. */
import {
  type AnalysisSettings,
  type PriorityClass,
  type RunCounts,
  type RunState,
  countRuns,
} from "@pclab/core";
import { type AnalysisCounts, countAnalyses, insertAnalyses, noAnalyses } from "./analyses.js";
import type { Database, Transaction } from "./database.js";
import { findDuplicates } from "./duplicates.js";
import type { Prisma, Sweep } from "./generated/prisma/client.js";
import { type IdempotencyClaim, type Replay, claimIdempotencyKey } from "./idempotency.js";
import { newId } from "./ids.js";
import { type NewRuns, insertRuns, refuseOverQuota } from "./newRuns.js";
import { type Viewer, sweepsInReach } from "./reach.js";
import { noteActivity } from "./users.js";
import type { SweepChanges } from "./sweepChanges.js";
import { tellOfSweep } from "./webhookMessages.js";

export interface SweepRow {
  id: string;
  userId: string;
  name: string;
  /** That it was submitted as; null for a sweep of the researcher's own. */
  preset: string | null;
  createdAt: Date;
  cancelRequestedAt: Date | null;
  pausedAt: Date | null;
  /** Runs that its search will have made in all; null once it makes no more. */
  plannedRuns: number | null;
  shared: boolean;
  tags: string[];
  notes: string;
  priorityClass: PriorityClass;
  priority: number;
  deletedAt: Date | null;
  version: number;
  counts: RunCounts;
  /** Of its runs. */
  analyses: AnalysisCounts;
}

export interface NewSweep extends Partial<SweepChanges>, NewRuns {
  userId: string;
  name: string;
  /** The body as it was submitted. */
  request: unknown;
  /** Runs that its search will have made in all; null for a sweep whose runs are all there. */
  plannedRuns?: number | null;
  /** To be done once their runs have succeeded. */
  analyses?: readonly SweepAnalysis[];
}

export interface SweepAnalysis {
  /** The run's place in the sweep. */
  run: number;
  settings: AnalysisSettings;
  estimatedSeconds: number;
}

export type StoredSweep = { stored: SweepRow } | { replayed: Replay };

/** `answer` makes the response that a repeated request with the same key is answered with. */
export const storeSweep = async (
  { prisma }: Database,
  { analyses = [], ...sweep }: NewSweep,
  idempotency: { claim: IdempotencyClaim; answer: (row: SweepRow) => Prisma.InputJsonValue } | null,
): Promise<StoredSweep> =>
  prisma.$transaction(async (transaction) => {
    const duplicates = await findDuplicates(transaction, sweep);
    const reused = duplicates.filter((one) => one?.isReused === true).length;
    const row: SweepRow = {
      id: newId("swp"),
      userId: sweep.userId,
      name: sweep.name,
      preset: presetIn(sweep.request),
      createdAt: new Date(),
      cancelRequestedAt: null,
      pausedAt: null,
      plannedRuns: sweep.plannedRuns ?? null,
      shared: sweep.shared ?? false,
      tags: sweep.tags ?? [],
      notes: sweep.notes ?? "",
      priorityClass: sweep.priorityClass ?? "normal",
      priority: sweep.priority ?? 0,
      deletedAt: null,
      version: 1,
      counts: countRuns([
        { state: "queued", count: sweep.runs.length - reused },
        { state: "succeeded", count: reused },
      ]),
      analyses: { ...noAnalyses(), queued: analyses.length },
    };
    if (idempotency !== null) {
      const replay = await claimIdempotencyKey(transaction, idempotency.claim, () =>
        idempotency.answer(row),
      );
      if (replay !== null) return { replayed: replay };
    }
    await refuseOverQuota(transaction, sweep);
    const { counts: _, analyses: __, preset: ___, ...columns } = row;
    await transaction.sweep.create({
      data: { ...columns, request: sweep.request as Prisma.InputJsonValue },
    });
    await noteActivity(transaction, sweep.userId);
    const ids = await insertRuns(transaction, row, sweep, { duplicates, firstIndex: 0 });
    await insertAnalyses(
      transaction,
      sweep.userId,
      analyses.flatMap(({ run, ...analysis }) => {
        const runId = ids[run];
        return runId === undefined ? [] : [{ ...analysis, runId, checkpointId: null }];
      }),
    );
    if (reused > 0) await tellOfSweep(transaction, row.id);
    return { stored: row };
  });

export interface SweepKey extends Viewer {
  id: string;
}

export const findSweep = async (
  { prisma }: Database,
  { id, ...viewer }: SweepKey,
): Promise<SweepRow | null> => {
  const sweep = await prisma.sweep.findFirst({
    where: { id, deletedAt: null, ...sweepsInReach(viewer) },
  });
  if (sweep === null) return null;
  const [row] = await withCounts(prisma, [sweep]);
  return row ?? null;
};

export interface Page {
  limit: number;
  /** The last id of the page before, or null for the first page. */
  after: string | null;
}

export interface SweepFilter extends Viewer {
  /** All of them. */
  tags?: readonly string[];
  /** Of these users. */
  owners?: readonly string[];
  /** Those alone that were deleted and can be restored. */
  deleted?: boolean;
}

/** Newest first. */
export const listSweeps = async (
  { prisma }: Database,
  { limit, after, tags, owners, deleted = false, ...viewer }: Page & SweepFilter,
): Promise<SweepRow[]> => {
  const sweeps = await prisma.sweep.findMany({
    where: {
      AND: [sweepsInReach(viewer)],
      deletedAt: deleted ? { not: null } : null,
      ...(tags === undefined ? {} : { tags: { hasEvery: [...tags] } }),
      ...(owners === undefined ? {} : { user: { name: { in: [...owners] } } }),
      ...(after === null ? {} : { id: { lt: after } }),
    },
    orderBy: { id: "desc" },
    take: limit,
  });
  return withCounts(prisma, sweeps);
};

const presetIn = (request: unknown): string | null => {
  const { preset } = (request ?? {}) as { preset?: unknown };
  return typeof preset === "string" ? preset : null;
};

const withCounts = async (prisma: Transaction, sweeps: readonly Sweep[]): Promise<SweepRow[]> => {
  const ids = sweeps.map(({ id }) => id);
  const [counts, analyses] = await Promise.all([countsOf(prisma, ids), countAnalyses(prisma, ids)]);
  return sweeps.map(({ request, priorityClass, ...sweep }) => ({
    ...sweep,
    // The table's CHECK holds the classes.
    priorityClass: priorityClass as PriorityClass,
    preset: presetIn(request),
    counts: counts.get(sweep.id) ?? countRuns([]),
    analyses: analyses.get(sweep.id) ?? noAnalyses(),
  }));
};

const countsOf = async (
  prisma: Transaction,
  sweepIds: string[],
): Promise<Map<string, RunCounts>> => {
  const groups = await prisma.run.groupBy({
    by: ["sweepId", "state"],
    where: { sweepId: { in: sweepIds }, deletedAt: null },
    _count: true,
  });
  return new Map(
    sweepIds.map((id) => [
      id,
      countRuns(
        groups
          .filter(({ sweepId }) => sweepId === id)
          .map(({ state, _count }) => ({ state: state as RunState, count: _count })),
      ),
    ]),
  );
};
