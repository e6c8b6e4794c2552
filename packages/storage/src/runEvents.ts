/**
 * What happened to runs, as streams tell it. A run's events are numbered under its row lock, without gaps. A sweep's are
 * read in the order of their transactions, and only those that no transaction under way can still precede: a number that
 * PostgreSQL hands out before the commit can become visible after a higher one.
 */
import type { RunState } from "@pclab/core";
import type { Database, Transaction } from "./database.js";

export const RUN_EVENT_TYPES = ["state", "metric", "log", "checkpoint"] as const;
export type RunEventType = (typeof RUN_EVENT_TYPES)[number];

export interface RunEventRow {
  runId: string;
  sequence: number;
  type: RunEventType;
  data: Record<string, unknown>;
  createdAt: Date;
}

export interface NewRunEvent {
  type: RunEventType;
  data: Record<string, unknown>;
}

/** Locks the run's row until the transaction ends. */
export const appendRunEvents = async (
  transaction: Transaction,
  runId: string,
  events: readonly NewRunEvent[],
): Promise<void> => {
  if (events.length === 0) return;
  await transaction.$executeRaw`
    WITH run AS (
      UPDATE runs SET event_sequence = event_sequence + ${events.length}::int WHERE id = ${runId}
      RETURNING sweep_id, event_sequence)
    INSERT INTO run_events (run_id, sequence, sweep_id, type, data)
    SELECT ${runId}, run.event_sequence - ${events.length}::int + new.position::int, run.sweep_id, new.type, new.data::jsonb
    FROM run, unnest(
      ${events.map(({ type }) => type)}::text[],
      ${events.map(({ data }) => JSON.stringify(data))}::text[]
    ) WITH ORDINALITY AS new(type, data, position)`;
};

/** One state event for each of many runs, whose rows the transaction holds already. */
export const appendStateEvents = async (
  transaction: Transaction,
  runIds: readonly string[],
  state: RunState,
): Promise<void> => {
  if (runIds.length === 0) return;
  await transaction.$executeRaw`
    WITH changed AS (
      UPDATE runs SET event_sequence = event_sequence + 1 WHERE id = ANY(${[...runIds]}::text[])
      RETURNING id, sweep_id, event_sequence, reason, reason_detail, attempt)
    INSERT INTO run_events (run_id, sequence, sweep_id, type, data)
    SELECT id, event_sequence, sweep_id, 'state',
      jsonb_build_object('state', ${state}::text, 'reason', reason, 'reason_detail', reason_detail, 'attempt', attempt)
    FROM changed`;
};

export const listRunEvents = async (
  { prisma }: Database,
  runId: string,
  { after, limit, types }: { after: number; limit: number; types?: readonly RunEventType[] },
): Promise<RunEventRow[]> => {
  const rows = await prisma.runEvent.findMany({
    where: {
      runId,
      sequence: { gt: after },
      ...(types === undefined ? {} : { type: { in: [...types] } }),
    },
    orderBy: { sequence: "asc" },
    take: limit,
  });
  return rows as unknown as RunEventRow[];
};

/** A place in a sweep's stream: behind this event. */
export interface SweepCursor {
  /** Of the transaction, in decimal: 64 bits. */
  transaction: string;
  runId: string;
  sequence: number;
}

export const SWEEP_START: SweepCursor = { transaction: "0", runId: "", sequence: 0 };

export interface SweepEventRow extends RunEventRow {
  cursor: SweepCursor;
}

export const listSweepEvents = async (
  { prisma }: Database,
  sweepId: string,
  { after, limit }: { after: SweepCursor; limit: number },
): Promise<SweepEventRow[]> => {
  const rows = await prisma.$queryRaw<(RunEventRow & { transaction: string })[]>`
    SELECT run_id AS "runId", sequence, type, data, created_at AS "createdAt", transaction_id::text AS transaction
    FROM run_events
    WHERE sweep_id = ${sweepId}
      AND (transaction_id, run_id, sequence) >
        (${after.transaction}::text::xid8, ${after.runId}::text, ${after.sequence}::int)
      AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY transaction_id, run_id, sequence LIMIT ${limit}::int`;
  return rows.map(({ transaction, ...row }) => ({
    ...row,
    cursor: { transaction, runId: row.runId, sequence: row.sequence },
  }));
};

/** Whether anything is stored behind a place, seen by streams yet or not. */
export const hasSweepEventsAfter = async (
  { prisma }: Database,
  sweepId: string,
  after: SweepCursor,
): Promise<boolean> => {
  const [row] = await prisma.$queryRaw<{ has: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM run_events WHERE sweep_id = ${sweepId}
      AND (transaction_id, run_id, sequence) >
        (${after.transaction}::text::xid8, ${after.runId}::text, ${after.sequence}::int)) AS has`;
  return row?.has === true;
};

/** Which runs have had news since a transaction, and up to which transaction that is known. */
export const runsWithNews = async (
  { prisma }: Database,
  since: string | null,
): Promise<{ upTo: string; news: { runId: string; sweepId: string }[] }> => {
  const [horizon] = await prisma.$queryRaw<{ upTo: string }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "upTo"`;
  const upTo = horizon?.upTo ?? "0";
  if (since === null) return { upTo, news: [] };
  const news = await prisma.$queryRaw<{ runId: string; sweepId: string }[]>`
    SELECT DISTINCT run_id AS "runId", sweep_id AS "sweepId" FROM run_events
    WHERE transaction_id >= ${since}::text::xid8 AND transaction_id < ${upTo}::text::xid8`;
  return { upTo, news };
};
