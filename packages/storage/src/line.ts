/**
 * The line as PostgreSQL has it: who waits, with how much, who holds slots, and what each user has used. Everything is
 * counted from rows; nothing is kept in counters.
 */
import {
  type LineGroup,
  type LineRunning,
  type LineUser,
  type PreemptibleWork,
  type PriorityClass,
  USAGE_HALF_LIFE_SECONDS,
} from "@pclab/core";
import { type Database, isDatabaseAway } from "./database.js";
import type { QueuedWork } from "./dispatch.js";
import { Prisma } from "./generated/prisma/client.js";

/** Runs and analyses of a sweep wait in groups of alike: its analyses, its exclusive runs, its other runs. */
export type GroupKind = "run" | "exclusive" | "analysis";

export interface WaitingGroup extends LineGroup {
  sweepId: string;
  kind: GroupKind;
}

/** Whose work comes after an idle time, and has not been looked at since. */
export interface LineUserRow extends LineUser {
  name: string;
  hasArrived: boolean;
}

export interface HeldWork extends LineRunning, PreemptibleWork {
  sweepId: string;
}

export interface LineRows {
  users: LineUserRow[];
  groups: WaitingGroup[];
  /** Claimed by workers. */
  held: HeldWork[];
}

/** Beyond so many half-lives nothing is left that matters. */
const HALF_LIVES = 7;

export interface LineOptions {
  /** Slots of the largest worker: what an exclusive run takes. */
  largestWorker: number;
  /** Of each group no more are counted: a decision needs few, whatever waits behind them. Without it all are. */
  mostOfEach?: number;
}

export const readLine = async (
  database: Database,
  { largestWorker, mostOfEach }: LineOptions,
): Promise<LineRows> => {
  const runGroups = mostOfEach === undefined ? allRunGroups : firstRunGroups(mostOfEach);
  const [groups, held] = await Promise.all([
    waitingGroups(database, runGroups, largestWorker),
    heldWork(database),
  ]);
  const ids = [...new Set([...groups, ...held].map(({ userId }) => userId))];
  return { groups, held, users: await lineUsers(database, ids) };
};

export const groupId = (sweepId: string, kind: GroupKind): string => `${sweepId}/${kind}`;

/** What the queue was told of waits too, until a worker claims it. */
const allRunGroups = Prisma.sql`
  SELECT user_id, sweep_id, exclusive, count(*)::int AS waiting, min(queued_at) AS queued_at,
    avg(estimated_seconds) AS seconds
  FROM runs WHERE state = 'queued' GROUP BY 1, 2, 3`;

/** The same from the first few of each: the index is entered once a group, so that 100,000 runs cost as little as 100. */
const firstRunGroups = (most: number): Prisma.Sql => Prisma.sql`
  SELECT groups.user_id, groups.sweep_id, groups.exclusive, few.waiting, few.queued_at, few.seconds
  FROM (
    WITH RECURSIVE entered AS (
      (SELECT user_id, sweep_id, exclusive FROM runs WHERE state = 'queued'
       ORDER BY user_id, sweep_id, exclusive LIMIT 1)
      UNION ALL
      SELECT next.user_id, next.sweep_id, next.exclusive FROM entered, LATERAL (
        SELECT user_id, sweep_id, exclusive FROM runs
        WHERE state = 'queued'
          AND (user_id, sweep_id, exclusive) > (entered.user_id, entered.sweep_id, entered.exclusive)
        ORDER BY user_id, sweep_id, exclusive LIMIT 1) AS next)
    SELECT * FROM entered) AS groups,
  LATERAL (
    SELECT count(*)::int AS waiting, min(queued_at) AS queued_at, avg(estimated_seconds) AS seconds FROM (
      SELECT queued_at, estimated_seconds FROM runs
      WHERE state = 'queued' AND user_id = groups.user_id AND sweep_id = groups.sweep_id
        AND exclusive = groups.exclusive
      ORDER BY queued_at, index_in_sweep LIMIT ${most}::int) AS first_of_it) AS few`;

const waitingGroups = async (
  { prisma }: Database,
  runGroups: Prisma.Sql,
  largestWorker: number,
): Promise<WaitingGroup[]> => {
  const rows = await prisma.$queryRaw<
    {
      userId: string;
      sweepId: string;
      kind: GroupKind;
      priorityClass: PriorityClass;
      priority: number;
      queuedAt: number;
      lastStartedAt: number | null;
      waiting: number;
      secondsEach: number | null;
    }[]
  >`
    WITH waiting AS (
      SELECT user_id, sweep_id, CASE WHEN exclusive THEN 'exclusive' ELSE 'run' END AS kind, waiting, queued_at, seconds
      FROM (${runGroups}) AS groups_of_runs
      UNION ALL
      SELECT analyses.user_id, runs.sweep_id, 'analysis', count(*)::int, min(analyses.queued_at),
        avg(analyses.estimated_seconds)
      FROM analyses JOIN runs ON runs.id = analyses.run_id
      WHERE analyses.state = 'queued' AND runs.state = 'succeeded' GROUP BY 1, 2)
    SELECT waiting.user_id AS "userId", waiting.sweep_id AS "sweepId", waiting.kind,
      sweeps.priority_class AS "priorityClass", sweeps.priority,
      extract(epoch FROM waiting.queued_at)::float8 AS "queuedAt",
      extract(epoch FROM sweeps.last_claimed_at - now())::float8 AS "lastStartedAt",
      waiting.waiting, waiting.seconds AS "secondsEach"
    FROM waiting JOIN sweeps ON sweeps.id = waiting.sweep_id`;
  return rows.map(({ secondsEach, ...row }) => ({
    ...row,
    id: groupId(row.sweepId, row.kind),
    slotsEach: row.kind === "exclusive" ? Math.max(1, largestWorker) : 1,
    secondsEach: secondsEach ?? 0,
  }));
};

const heldWork = async ({ prisma }: Database): Promise<HeldWork[]> =>
  prisma.$queryRaw<HeldWork[]>`
    SELECT held.id, held.user_id AS "userId", held.sweep_id AS "sweepId", held.slots,
      held.seconds_left AS "secondsLeft", sweeps.priority_class AS "priorityClass",
      COALESCE(extract(epoch FROM now() - held.since)::float8, 0) AS "elapsedSeconds",
      held.preempted AS "isPreempted"
    FROM (
      SELECT runs.id, runs.user_id, sweep_id, runs.slots, seconds_left, attempts.started_at AS since,
        preempt_requested_at IS NOT NULL AS preempted
      FROM runs LEFT JOIN attempts ON attempts.run_id = runs.id AND attempts.number = runs.attempt
      WHERE lease_until IS NOT NULL
      UNION ALL
      SELECT analyses.id, analyses.user_id, runs.sweep_id, 1,
        CASE WHEN analyses.done = 0 THEN analyses.estimated_seconds
          ELSE extract(epoch FROM now() - analyses.started_at) * (analyses.total - analyses.done) / analyses.done END,
        analyses.started_at, true
      FROM analyses JOIN runs ON runs.id = analyses.run_id WHERE analyses.lease_until IS NOT NULL
    ) AS held JOIN sweeps ON sweeps.id = held.sweep_id`;

/** Usage decays from the end of what used it: a run's own hours count in full until it has ended. */
export const lineUsers = async (
  { prisma }: Database,
  ids: readonly string[],
): Promise<LineUserRow[]> => {
  if (ids.length === 0) return [];
  const halfLife = USAGE_HALF_LIFE_SECONDS;
  return prisma.$queryRaw<LineUserRow[]>`
    WITH used AS (
      SELECT user_id, slots, started_at, ended_at FROM attempts
      WHERE ended_at > now() - ${HALF_LIVES * halfLife}::float8 * interval '1 second' OR ended_at IS NULL
      UNION ALL
      SELECT user_id, 1, started_at, finished_at FROM analyses
      WHERE started_at IS NOT NULL
        AND (finished_at > now() - ${HALF_LIVES * halfLife}::float8 * interval '1 second' OR finished_at IS NULL)),
    total AS (
      SELECT user_id, sum(slots * extract(epoch FROM COALESCE(ended_at, now()) - started_at)
        * power(2, -extract(epoch FROM now() - COALESCE(ended_at, now())) / ${halfLife}::float8)) AS seconds
      FROM used GROUP BY user_id)
    SELECT users.id, users.name, users.weight, users.soft_limit AS "softLimit", users.hard_limit AS "hardLimit",
      (COALESCE(total.seconds, 0) + COALESCE(users.usage_raise
        * power(2, -extract(epoch FROM now() - users.usage_raised_at) / ${halfLife}::float8), 0))::float8
        AS "usedSlotSeconds",
      users.active_since IS NOT NULL AND
        (users.usage_raised_at IS NULL OR users.usage_raised_at < users.active_since) AS "hasArrived"
    FROM users LEFT JOIN total ON total.user_id = users.id WHERE users.id = ANY(${[...ids]}::text[])`;
};

/** What counts as used of a user who arrived: noted once an arrival, so that it does not grow with every look. */
export const noteArrival = async (
  { prisma }: Database,
  userId: string,
  raise: number,
): Promise<void> => {
  await prisma.$executeRaw`
    UPDATE users SET
      usage_raise = COALESCE(usage_raise
        * power(2, -extract(epoch FROM now() - usage_raised_at) / ${USAGE_HALF_LIFE_SECONDS}::float8), 0) + ${raise}::float8,
      usage_raised_at = now()
    WHERE id = ${userId}`;
};

/** The first of a group, in its order; what the queue was told of already comes before the rest. */
export const firstOfGroup = async (
  { prisma }: Database,
  { sweepId, userId, kind }: Pick<WaitingGroup, "sweepId" | "userId" | "kind">,
  count: number,
): Promise<QueuedWork[]> =>
  kind === "analysis"
    ? prisma.$queryRaw<QueuedWork[]>`
        SELECT analyses.id, analyses.epoch FROM analyses JOIN runs ON runs.id = analyses.run_id
        WHERE runs.sweep_id = ${sweepId} AND runs.state = 'succeeded' AND analyses.state = 'queued'
        ORDER BY analyses.dispatched_at IS NULL, analyses.queued_at, analyses.id LIMIT ${count}::int`
    : prisma.$queryRaw<QueuedWork[]>`
        SELECT id, epoch FROM runs
        WHERE user_id = ${userId} AND sweep_id = ${sweepId} AND exclusive = ${kind === "exclusive"}
          AND state = 'queued'
        ORDER BY dispatched_at IS NULL, queued_at, index_in_sweep LIMIT ${count}::int`;

/** The rank of queued runs in their groups, from 0. */
export const ranksInGroups = async (
  { prisma }: Database,
  runIds: readonly string[],
): Promise<Map<string, { group: string; rank: number }>> => {
  if (runIds.length === 0) return new Map();
  const rows = await prisma.$queryRaw<
    { id: string; sweepId: string; exclusive: boolean; rank: number }[]
  >`
    SELECT wanted.id, wanted.sweep_id AS "sweepId", wanted.exclusive, (
      SELECT count(*)::int FROM runs AS before
      WHERE before.user_id = wanted.user_id AND before.sweep_id = wanted.sweep_id
        AND before.exclusive = wanted.exclusive AND before.state = 'queued'
        AND (before.queued_at, before.index_in_sweep) < (wanted.queued_at, wanted.index_in_sweep)) AS rank
    FROM runs AS wanted WHERE wanted.id = ANY(${[...runIds]}::text[]) AND wanted.state = 'queued'`;
  return new Map(
    rows.map(({ id, sweepId, exclusive, rank }) => [
      id,
      { group: groupId(sweepId, exclusive ? "exclusive" : "run"), rank },
    ]),
  );
};

/** Forecast durations are held against what runs have taken: the ratio of the latest that ended in one attempt. */
export const measuredDurationRatio = async ({ prisma }: Database): Promise<number | null> => {
  const [row] = await prisma.$queryRaw<{ ratio: number | null }[]>`
    SELECT (sum(took) / NULLIF(sum(forecast), 0))::float8 AS ratio FROM (
      SELECT extract(epoch FROM finished_at - started_at) AS took, estimated_seconds AS forecast
      FROM runs WHERE state = 'succeeded' AND attempt = 1 AND estimated_seconds > 0
      ORDER BY finished_at DESC LIMIT 100) AS latest`;
  return row?.ratio ?? null;
};

/** Asks the workers of these runs for their slots. */
export const requestPreemption = async (
  { prisma }: Database,
  runIds: readonly string[],
): Promise<void> => {
  await prisma.$executeRaw`
    UPDATE runs SET preempt_requested_at = now()
    WHERE id = ANY(${[...runIds]}::text[]) AND state = 'running' AND preempt_requested_at IS NULL`;
};

/**
 * A claim is its sweep's turn; that work stands in the queue is not, or the sweep would lose its place for standing there.
 * In a statement of its own, since a sweep's row is locked before those of its runs, and after the claim, which stands
 * whatever becomes of this: a turn that is not noted, for a row that is held or a server that is away, costs one place.
 */
export const noteTurn = async ({ prisma }: Database, runId: string): Promise<void> => {
  try {
    await prisma.$executeRaw`
      WITH free AS (
        SELECT sweeps.id FROM sweeps JOIN runs ON runs.sweep_id = sweeps.id
        WHERE runs.id = ${runId} FOR NO KEY UPDATE OF sweeps SKIP LOCKED)
      UPDATE sweeps SET last_claimed_at = clock_timestamp() FROM free WHERE sweeps.id = free.id`;
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
  }
};
