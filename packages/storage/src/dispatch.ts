/** What the dispatcher and the reconciler read and mark: the order of the queue, and which of it the queue was told. */
import type { Database } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";

/** A queued run or analysis: the prefix of its id says which. */
export interface QueuedWork {
  id: string;
  epoch: number;
}

/** The dispatcher's exclusive right: one at a time over all API processes, released when its connection ends. */
export const DISPATCHER_LOCK = 7_214_001;

/** Both tables have the columns id, epoch, state, queued_at and dispatched_at, and mean the same by them. */
const TABLES = [
  { table: Prisma.sql`runs`, prefix: "run_" },
  { table: Prisma.sql`analyses`, prefix: "ana_" },
];

const workList = (works: readonly QueuedWork[]): Prisma.Sql =>
  Prisma.sql`unnest(${works.map(({ id }) => id)}::text[], ${works.map(({ epoch }) => epoch)}::int[])`;

/** Statements that change several rows lock them in the order of their ids, so that no two of them can deadlock. */
const lockInOrder = (table: Prisma.Sql, works: readonly QueuedWork[]): Prisma.Sql =>
  Prisma.sql`SELECT id FROM ${table} WHERE id = ANY(${works.map(({ id }) => id)}::text[]) ORDER BY id FOR NO KEY UPDATE`;

/** Only what is still queued under the same epoch; the answer says which. */
export const markDispatched = async (
  { prisma }: Database,
  works: readonly QueuedWork[],
): Promise<QueuedWork[]> => {
  const marked: QueuedWork[] = [];
  for (const { table, prefix } of TABLES) {
    const own = works.filter(({ id }) => id.startsWith(prefix));
    if (own.length === 0) continue;
    marked.push(
      ...(await prisma.$queryRaw<QueuedWork[]>`
        WITH locked AS MATERIALIZED (${lockInOrder(table, own)})
        UPDATE ${table} AS work SET dispatched_at = now()
        FROM locked JOIN ${workList(own)} AS next(id, epoch) ON next.id = locked.id
        WHERE work.id = next.id AND work.epoch = next.epoch AND work.state = 'queued'
        RETURNING work.id, work.epoch`),
    );
  }
  return marked;
};

/** What is queued and the queue was told of: little, since the queue holds no more than the free slots and one. */
export const dispatchedWork = async ({
  prisma,
}: Database): Promise<(QueuedWork & { ageMs: number })[]> =>
  prisma.$queryRaw<(QueuedWork & { ageMs: number })[]>`
    SELECT id, epoch, (extract(epoch FROM now() - dispatched_at) * 1000)::float8 AS "ageMs" FROM (
      SELECT id, epoch, queued_at, dispatched_at FROM runs WHERE state = 'queued' AND dispatched_at IS NOT NULL
      UNION ALL
      SELECT id, epoch, queued_at, dispatched_at FROM analyses
      WHERE state = 'queued' AND dispatched_at IS NOT NULL
    ) AS work ORDER BY queued_at, id`;

/** The queue lost these: they are dispatched anew. */
export const forgetDispatch = async (
  { prisma }: Database,
  works: readonly QueuedWork[],
): Promise<void> => {
  for (const { table, prefix } of TABLES) {
    const own = works.filter(({ id }) => id.startsWith(prefix));
    if (own.length === 0) continue;
    await prisma.$executeRaw`
      WITH locked AS MATERIALIZED (${lockInOrder(table, own)})
      UPDATE ${table} AS work SET dispatched_at = NULL
      FROM locked JOIN ${workList(own)} AS lost(id, epoch) ON lost.id = locked.id
      WHERE work.id = lost.id AND work.epoch = lost.epoch AND work.state = 'queued'`;
  }
};

/** Runs of every user, for `/v1/queue`. */
export const countQueue = async ({
  prisma,
}: Database): Promise<{ queued: number; running: number }> => {
  const [row] = await prisma.$queryRaw<{ queued: number; running: number }[]>`
    SELECT (SELECT count(*)::int FROM runs WHERE state = 'queued') AS queued,
           (SELECT count(*)::int FROM runs WHERE lease_until IS NOT NULL) AS running`;
  return row ?? { queued: 0, running: 0 };
};
