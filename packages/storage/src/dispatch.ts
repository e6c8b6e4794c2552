/** What the dispatcher and the reconciler read and mark: the order of the queue, and which of it the queue was told. */
import type { Database } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";

export interface QueuedRun {
  id: string;
  epoch: number;
}

/** The dispatcher's exclusive right: one at a time over all API processes, released when its connection ends. */
export const DISPATCHER_LOCK = 7_214_001;

/**
 * The next runs to hand out: first in, first out. This is the one place where fair sharing will live.
 */
export const nextRuns = async ({ prisma }: Database, limit: number): Promise<QueuedRun[]> =>
  prisma.$queryRaw<QueuedRun[]>`
    SELECT id, epoch FROM runs WHERE state = 'queued' AND dispatched_at IS NULL
    ORDER BY queued_at, id LIMIT ${limit}::int`;

const runList = (runs: readonly QueuedRun[]): Prisma.Sql =>
  Prisma.sql`unnest(${runs.map(({ id }) => id)}::text[], ${runs.map(({ epoch }) => epoch)}::int[])`;

/** Statements that change several runs lock them in the order of their ids, so that no two of them can deadlock. */
const lockInOrder = (runs: readonly QueuedRun[]): Prisma.Sql =>
  Prisma.sql`SELECT id FROM runs WHERE id = ANY(${runs.map(({ id }) => id)}::text[]) ORDER BY id FOR NO KEY UPDATE`;

/** Only runs that are still queued under the same epoch; the answer says which. */
export const markDispatched = async (
  { prisma }: Database,
  runs: readonly QueuedRun[],
): Promise<QueuedRun[]> =>
  prisma.$queryRaw<QueuedRun[]>`
    WITH locked AS MATERIALIZED (${lockInOrder(runs)})
    UPDATE runs SET dispatched_at = now()
    FROM locked JOIN ${runList(runs)} AS next(id, epoch) ON next.id = locked.id
    WHERE runs.id = next.id AND runs.epoch = next.epoch AND runs.state = 'queued'
    RETURNING runs.id, runs.epoch`;

/** Queued runs that the queue was told of: few, since the queue holds no more than the free slots and one. */
export const dispatchedRuns = async ({
  prisma,
}: Database): Promise<(QueuedRun & { ageMs: number })[]> =>
  prisma.$queryRaw<(QueuedRun & { ageMs: number })[]>`
    SELECT id, epoch, (extract(epoch FROM now() - dispatched_at) * 1000)::float8 AS "ageMs"
    FROM runs WHERE state = 'queued' AND dispatched_at IS NOT NULL ORDER BY queued_at, id`;

/** The queue lost these: they are dispatched anew. */
export const forgetDispatch = async (
  { prisma }: Database,
  runs: readonly QueuedRun[],
): Promise<void> => {
  await prisma.$executeRaw`
    WITH locked AS MATERIALIZED (${lockInOrder(runs)})
    UPDATE runs SET dispatched_at = NULL
    FROM locked JOIN ${runList(runs)} AS lost(id, epoch) ON lost.id = locked.id
    WHERE runs.id = lost.id AND runs.epoch = lost.epoch AND runs.state = 'queued'`;
};

/** Runs of every user by state, for `/v1/queue`; terminal ones are left out. */
export const countQueue = async ({
  prisma,
}: Database): Promise<{ queued: number; running: number }> => {
  const [row] = await prisma.$queryRaw<{ queued: number; running: number }[]>`
    SELECT (SELECT count(*)::int FROM runs WHERE state = 'queued') AS queued,
           (SELECT count(*)::int FROM runs WHERE lease_until IS NOT NULL) AS running`;
  return row ?? { queued: 0, running: 0 };
};
