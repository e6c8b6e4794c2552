/** Sweeps: stored whole with their runs and their idempotency key in one transaction, or not at all. */
import {
  type AnalysisSettings,
  type ExperimentSpec,
  type RunCounts,
  type RunState,
  countRuns,
  printRunName,
  printSpec,
  totalWeightUpdates,
} from "@pclab/core";
import { type AnalysisCounts, countAnalyses, insertAnalyses, noAnalyses } from "./analyses.js";
import type { Database, Transaction } from "./database.js";
import type { Prisma } from "./generated/prisma/client.js";
import { type IdempotencyClaim, type Replay, claimIdempotencyKey } from "./idempotency.js";
import { newId } from "./ids.js";

export interface SweepRow {
  id: string;
  userId: string;
  name: string;
  /** That it was submitted as; null for a sweep of the researcher's own. */
  preset: string | null;
  createdAt: Date;
  cancelRequestedAt: Date | null;
  counts: RunCounts;
  /** Of its runs. */
  analyses: AnalysisCounts;
}

export interface NewSweep {
  userId: string;
  name: string;
  /** The body as it was submitted. */
  request: unknown;
  runs: readonly ExperimentSpec[];
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
    const row: SweepRow = {
      id: newId("swp"),
      userId: sweep.userId,
      name: sweep.name,
      preset: presetIn(sweep.request),
      createdAt: new Date(),
      cancelRequestedAt: null,
      counts: countRuns([{ state: "queued", count: sweep.runs.length }]),
      analyses: { ...noAnalyses(), queued: analyses.length },
    };
    if (idempotency !== null) {
      const replay = await claimIdempotencyKey(transaction, idempotency.claim, () =>
        idempotency.answer(row),
      );
      if (replay !== null) return { replayed: replay };
    }
    await refuseOverQuota(transaction, sweep);
    await transaction.sweep.create({
      data: {
        id: row.id,
        userId: row.userId,
        name: row.name,
        request: sweep.request as Prisma.InputJsonValue,
        createdAt: row.createdAt,
      },
    });
    const ids = await insertRuns(transaction, row, sweep.runs);
    await insertAnalyses(
      transaction,
      sweep.userId,
      analyses.flatMap(({ run, ...analysis }) => {
        const runId = ids[run];
        return runId === undefined ? [] : [{ ...analysis, runId, checkpointId: null }];
      }),
    );
    return { stored: row };
  });

/** Runs a user may have in the queue. */
export const MAX_QUEUED_RUNS_PER_USER = 100_000;

export class QueuedRunsQuotaError extends Error {
  constructor(queued: number, added: number) {
    super(
      `${queued} of your runs are queued and the sweep has ${added}; ` +
        `at most ${MAX_QUEUED_RUNS_PER_USER} may be queued at once`,
    );
    this.name = "QueuedRunsQuotaError";
  }
}

const refuseOverQuota = async (
  transaction: Transaction,
  { userId, runs }: NewSweep,
): Promise<void> => {
  const queued = await transaction.run.count({ where: { userId, state: "queued" } });
  if (queued + runs.length > MAX_QUEUED_RUNS_PER_USER)
    throw new QueuedRunsQuotaError(queued, runs.length);
};

/** One statement for all runs: 10,000 rows by createMany take seconds. Answers their ids, in their order. */
const insertRuns = async (
  transaction: Transaction,
  { id, userId }: SweepRow,
  specs: readonly ExperimentSpec[],
): Promise<string[]> => {
  const ids = specs.map(() => newId("run"));
  const names = specs.map(printRunName);
  const wires = specs.map((spec) => JSON.stringify(printSpec(spec)));
  const totals = specs.map(totalWeightUpdates);
  await transaction.$executeRaw`
    INSERT INTO runs (id, sweep_id, user_id, index_in_sweep, name, spec, total_weight_updates)
    SELECT new.id, ${id}, ${userId}, (new.position - 1)::int, new.name, new.spec::jsonb, new.total
    FROM unnest(${ids}::text[], ${names}::text[], ${wires}::text[], ${totals}::int[])
      WITH ORDINALITY AS new(id, name, spec, total, position)`;
  return ids;
};

export const findSweep = async (
  { prisma }: Database,
  { userId, id }: { userId: string; id: string },
): Promise<SweepRow | null> => {
  const sweep = await prisma.sweep.findFirst({ where: { id, userId } });
  if (sweep === null) return null;
  const [row] = await withCounts(prisma, [sweep]);
  return row ?? null;
};

export interface Page {
  limit: number;
  /** The last id of the page before, or null for the first page. */
  after: string | null;
}

/** Newest first. */
export const listSweeps = async (
  { prisma }: Database,
  { userId, limit, after }: Page & { userId: string },
): Promise<SweepRow[]> => {
  const sweeps = await prisma.sweep.findMany({
    where: { userId, ...(after === null ? {} : { id: { lt: after } }) },
    orderBy: { id: "desc" },
    take: limit,
  });
  return withCounts(prisma, sweeps);
};

const presetIn = (request: unknown): string | null => {
  const { preset } = (request ?? {}) as { preset?: unknown };
  return typeof preset === "string" ? preset : null;
};

const withCounts = async (
  prisma: Transaction,
  sweeps: readonly (Omit<SweepRow, "counts" | "analyses" | "preset"> & { request: unknown })[],
): Promise<SweepRow[]> => {
  const ids = sweeps.map(({ id }) => id);
  const [counts, analyses] = await Promise.all([countsOf(prisma, ids), countAnalyses(prisma, ids)]);
  return sweeps.map(({ request, ...sweep }) => ({
    ...sweep,
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
    where: { sweepId: { in: sweepIds } },
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
