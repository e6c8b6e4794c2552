/** What a user has used of the lab, and what of it waits. */
import type { Database } from "./database.js";
import { lineUsers } from "./line.js";

export interface Usage {
  queuedRuns: number;
  slotsInUse: number;
  /** Of the last day and the last week, work under way included. */
  lastDaySlotSeconds: number;
  lastWeekSlotSeconds: number;
}

export const readUsage = async ({ prisma }: Database, userId: string): Promise<Usage> => {
  const [row] = await prisma.$queryRaw<Usage[]>`
    WITH held AS (
      SELECT slots, started_at, ended_at FROM attempts
      WHERE user_id = ${userId} AND (ended_at > now() - interval '7 days' OR ended_at IS NULL)
      UNION ALL
      SELECT 1, started_at, finished_at FROM analyses
      WHERE user_id = ${userId} AND started_at IS NOT NULL
        AND (finished_at > now() - interval '7 days' OR finished_at IS NULL)),
    within AS (
      SELECT slots, COALESCE(ended_at, now()) AS ended_at,
        greatest(started_at, now() - interval '7 days') AS week_from,
        greatest(started_at, now() - interval '1 day') AS day_from
      FROM held)
    SELECT
      (SELECT count(*)::int FROM runs WHERE user_id = ${userId} AND state = 'queued') AS "queuedRuns",
      ((SELECT COALESCE(sum(slots), 0) FROM runs WHERE user_id = ${userId} AND lease_until IS NOT NULL)
        + (SELECT count(*) FROM analyses WHERE user_id = ${userId} AND lease_until IS NOT NULL))::int AS "slotsInUse",
      COALESCE(sum(slots * greatest(0, extract(epoch FROM ended_at - day_from))), 0)::float8 AS "lastDaySlotSeconds",
      COALESCE(sum(slots * greatest(0, extract(epoch FROM ended_at - week_from))), 0)::float8 AS "lastWeekSlotSeconds"
    FROM within`;
  return row ?? { queuedRuns: 0, slotsInUse: 0, lastDaySlotSeconds: 0, lastWeekSlotSeconds: 0 };
};

export const usedSlotSeconds = async (database: Database, userId: string): Promise<number> => {
  const [user] = await lineUsers(database, [userId]);
  return user?.usedSlotSeconds ?? 0;
};
