/** Reading runs, always through the eyes of one user. */
import { type MeasuredRun, type RunReason, type RunState, readStoredSpec } from "@pclab/core";
import type { Database } from "./database.js";
import type { Attempt, Prisma, Run } from "./generated/prisma/client.js";
import { type Viewer, runsInReach } from "./reach.js";
import { type RunCursor, type RunSort, sortOrder, sortedAfter } from "./runSort.js";

export type RunRow = Omit<Run, "state" | "reason"> & { state: RunState; reason: RunReason | null };

/** The table's CHECK holds the states, and only this code writes reasons. */
export const asRunRow = (run: Run): RunRow => run as RunRow;

export interface RunKey extends Viewer {
  id: string;
}

export const findRun = async (
  { prisma }: Database,
  { id, ...viewer }: RunKey,
): Promise<RunRow | null> => {
  const run = await prisma.run.findFirst({
    where: { id, deletedAt: null, ...runsInReach(viewer) },
  });
  return run === null ? null : asRunRow(run);
};

export interface RunFilter extends Viewer {
  sweepId?: string;
  states?: readonly RunState[];
  /** Of these users. */
  owners?: readonly string[];
  /** All of them. */
  tags?: readonly string[];
  algorithms?: readonly string[];
  name?: string;
}

export interface RunPage {
  limit: number;
  /** Without it in the order of submission. */
  sort?: RunSort;
  /** The last run of the page before; null for the first page. */
  after: RunCursor | null;
}

const SUBMISSION: RunSort = { by: "created_at", descending: false };

export const listRuns = async (
  { prisma }: Database,
  { limit, after, sort = SUBMISSION, ...filter }: RunFilter & RunPage,
): Promise<RunRow[]> => {
  const runs = await prisma.run.findMany({
    where: { AND: [whereRuns(filter), after === null ? {} : sortedAfter(sort, after)] },
    orderBy: sortOrder(sort),
    take: limit,
  });
  return runs.map(asRunRow);
};

const whereRuns = ({
  userId,
  reach,
  sweepId,
  states,
  owners,
  tags,
  algorithms,
  name,
}: RunFilter): Prisma.RunWhereInput => ({
  deletedAt: null,
  AND: [
    runsInReach({ userId, ...(reach === undefined ? {} : { reach }) }),
    algorithms === undefined
      ? {}
      : { OR: algorithms.map((one) => ({ spec: { path: ["algorithm"], equals: one } })) },
  ],
  ...(sweepId === undefined ? {} : { sweepId }),
  ...(states === undefined ? {} : { state: { in: [...states] } }),
  ...(owners === undefined ? {} : { user: { name: { in: [...owners] } } }),
  ...(tags === undefined ? {} : { tags: { hasEvery: [...tags] } }),
  ...(name === undefined ? {} : { name }),
});

export interface RunChanges {
  tags?: string[];
  notes?: string;
}

/** Null when the user has no such run; "stale" when `version` is given and is not the run's. */
export const updateRun = async (
  database: Database,
  { userId, id }: RunKey,
  changes: RunChanges,
  version: number | null,
): Promise<RunRow | "stale" | null> => {
  const updated = await database.prisma.run.updateMany({
    where: { id, userId, deletedAt: null, ...(version === null ? {} : { version }) },
    data: { ...changes, version: { increment: 1 } },
  });
  const run = await findRun(database, { userId, id });
  return run !== null && updated.count === 0 ? "stale" : run;
};

export const listAttempts = async ({ prisma }: Database, runId: string): Promise<Attempt[]> =>
  prisma.attempt.findMany({ where: { runId }, orderBy: { number: "asc" } });

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
    FROM runs WHERE state = 'succeeded' AND results_of IS NULL ORDER BY finished_at DESC LIMIT ${limit}::int`;
  return rows.flatMap(({ spec, seconds }) =>
    seconds > 0 ? [{ spec: readStoredSpec(spec), trainSeconds: seconds }] : [],
  );
};
