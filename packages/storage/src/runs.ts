/** Reading runs, always through the eyes of one user. */
import { type MeasuredRun, type RunReason, type RunState, readStoredSpec } from "@pclab/core";
import type { Database } from "./database.js";
import type { Attempt, Run } from "./generated/prisma/client.js";
import type { Page } from "./sweeps.js";

export type RunRow = Omit<Run, "state" | "reason"> & { state: RunState; reason: RunReason | null };

/** The table's CHECK holds the states, and only this code writes reasons. */
export const asRunRow = (run: Run): RunRow => run as RunRow;

export interface RunKey {
  userId: string;
  id: string;
}

export const findRun = async (
  { prisma }: Database,
  { userId, id }: RunKey,
): Promise<RunRow | null> => {
  const run = await prisma.run.findFirst({ where: { id, userId } });
  return run === null ? null : asRunRow(run);
};

export interface RunFilter {
  userId: string;
  sweepId?: string;
  states?: readonly RunState[];
}

/** In the order in which they were submitted. */
export const listRuns = async (
  { prisma }: Database,
  { userId, sweepId, states, limit, after }: RunFilter & Page,
): Promise<RunRow[]> => {
  const runs = await prisma.run.findMany({
    where: {
      userId,
      ...(sweepId === undefined ? {} : { sweepId }),
      ...(states === undefined ? {} : { state: { in: [...states] } }),
      ...(after === null ? {} : { id: { gt: after } }),
    },
    orderBy: { id: "asc" },
    take: limit,
  });
  return runs.map(asRunRow);
};

export const listAttempts = async ({ prisma }: Database, runId: string): Promise<Attempt[]> =>
  prisma.attempt.findMany({ where: { runId }, orderBy: { number: "asc" } });

/** Places in line of queued runs: 1 for the run that is dispatched next. */
export const queuePositions = async (
  { prisma }: Database,
  runIds: readonly string[],
): Promise<Map<string, number>> => {
  if (runIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<{ id: string; position: number }[]>`
    SELECT id, position::int FROM (
      SELECT id, row_number() OVER (ORDER BY queued_at, id) AS position FROM runs WHERE state = 'queued'
    ) AS line WHERE id = ANY(${[...runIds]}::text[])`;
  return new Map(rows.map(({ id, position }) => [id, position]));
};

/** The user's next runs, in the order of the queue. */
export const listQueued = async (
  { prisma }: Database,
  { userId, limit }: { userId: string; limit: number },
): Promise<RunRow[]> => {
  const runs = await prisma.run.findMany({
    where: { userId, state: "queued" },
    orderBy: [{ queuedAt: "asc" }, { id: "asc" }],
    take: limit,
  });
  return runs.map(asRunRow);
};

/** The latest finished runs with their training time, as it were on one thread: what forecasts go by. */
export const listMeasuredRuns = async (
  { prisma }: Database,
  limit: number,
): Promise<MeasuredRun[]> => {
  const rows = await prisma.$queryRaw<{ spec: unknown; seconds: number }[]>`
    SELECT spec, (
      SELECT value FROM metrics WHERE run_id = runs.id AND name = 'thread_seconds' AND layer = 0
      ORDER BY weight_update DESC LIMIT 1
    ) AS seconds
    FROM runs WHERE state = 'succeeded' ORDER BY finished_at DESC LIMIT ${limit}::int`;
  return rows.flatMap(({ spec, seconds }) =>
    seconds > 0 ? [{ spec: readStoredSpec(spec), trainSeconds: seconds }] : [],
  );
};
