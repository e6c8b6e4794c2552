/**
 * Searches that make their runs as earlier ones end. What they propose is thought out without a lock, and stored under that
 * of the sweep's row if all that it was thought out from still holds: so a crash in between leaves nothing, a second
 * dispatcher finds them made, and a cancel or a pause comes before or after.
 */
import { isDeepStrictEqual } from "node:util";
import { type EndedRun, type Point, RUN_STATES, type RunState, isTerminal } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { findDuplicates } from "./duplicates.js";
import { Prisma } from "./generated/prisma/client.js";
import { type NewRuns, insertRuns, refuseOverQuota } from "./newRuns.js";
import { noteActivity } from "./users.js";
import { tellOfSweep } from "./webhookMessages.js";

/** What a search proposes from. */
export interface SearchSnapshot {
  /** The body that the sweep was submitted with. */
  request: unknown;
  /** Runs of it that were made; all have ended. */
  made: number;
  /** Those of them that are still there, deleted ones too until they are gone for good. */
  ended: EndedRun[];
}

export interface Search {
  /** How many runs `propose` would answer at most. */
  sizeOf: (snapshot: Pick<SearchSnapshot, "request" | "made">) => number;
  /** May take its time. Null where the search ends early. */
  propose: (snapshot: SearchSnapshot) => Promise<NewRuns | null>;
}

const openStates = Prisma.join(RUN_STATES.filter((state) => !isTerminal(state)));

/** Nobody paused or cancelled them, and every run they made has ended. */
const wantsRuns = Prisma.sql`
  planned_runs IS NOT NULL AND paused_at IS NULL AND cancel_requested_at IS NULL AND deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.sweep_id = sweeps.id AND runs.state IN (${openStates}))`;

/** Sweeps whose search is to make its next runs, the oldest first. */
export const sweepsThatWantRuns = async ({ prisma }: Database): Promise<string[]> => {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id FROM sweeps WHERE ${wantsRuns} ORDER BY id LIMIT 100`;
  return rows.map(({ id }) => id);
};

/**
 * Makes the next runs of a search.
 *
 * @returns how many runs were made; null when there was nothing to do after all, or when something changed while they were
 *   proposed: the next look finds what there is then
 * @throws QueuedRunsQuotaError, before anything is proposed where the quota is used up by then
 */
export const makeSearchedRuns = async (
  { prisma }: Database,
  sweepId: string,
  { sizeOf, propose }: Search,
): Promise<number | null> => {
  const before = await readSearch(prisma, sweepId);
  if (before === null) return null;
  const { userId, plannedRuns, request, made } = before;
  let proposed: NewRuns | null = null;
  if (made < plannedRuns) {
    await refuseOverQuota(prisma, { userId, runs: { length: sizeOf({ request, made }) } });
    proposed = await propose({ request, made, ended: before.ended });
  }
  return prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM sweeps WHERE id = ${sweepId} FOR NO KEY UPDATE`;
    // Runs that have ended may change all the same: one that failed may have been tried again and ended anew.
    if (!isDeepStrictEqual(await readSearch(transaction, sweepId), before)) return null;
    return storeProposed(transaction, before, proposed);
  });
};

interface StoredSearch extends SearchSnapshot {
  id: string;
  userId: string;
  tags: string[];
  plannedRuns: number;
}

/** Null where the search is not to make runs now. */
const readSearch = async (
  transaction: Transaction,
  sweepId: string,
): Promise<StoredSearch | null> => {
  const [sweep] = await transaction.$queryRaw<Omit<StoredSearch, "made" | "ended">[]>`
    SELECT id, user_id AS "userId", tags, request, planned_runs AS "plannedRuns"
    FROM sweeps WHERE id = ${sweepId} AND ${wantsRuns}`;
  return sweep === undefined ? null : { ...sweep, ...(await endedRuns(transaction, sweepId)) };
};

/** Under the lock of the sweep's row. */
const storeProposed = async (
  transaction: Transaction,
  { id, userId, tags, plannedRuns, made }: StoredSearch,
  proposed: NewRuns | null,
): Promise<number> => {
  const count = proposed?.runs.length ?? 0;
  if (proposed !== null && count > 0) {
    await refuseOverQuota(transaction, { userId, runs: proposed.runs });
    await noteActivity(transaction, userId);
    const duplicates = await findDuplicates(transaction, { userId, ...proposed });
    await insertRuns(transaction, { id, userId, tags }, proposed, { duplicates, firstIndex: made });
  }
  if (count === 0 || made + count >= plannedRuns) {
    await transaction.$executeRaw`UPDATE sweeps SET planned_runs = NULL WHERE id = ${id}`;
    // Nothing may be left to wait for: a search that ends early, or next runs whose results were there.
    await tellOfSweep(transaction, id);
  }
  return count;
};

const endedRuns = async (
  transaction: Transaction,
  sweepId: string,
): Promise<Pick<SearchSnapshot, "made" | "ended">> => {
  const rows = await transaction.$queryRaw<
    {
      index: number;
      point: Point | null;
      state: RunState;
      validationAccuracy: number | null;
      validationLoss: number | null;
      stopAfterEpochs: number | null;
    }[]
  >`
    SELECT index_in_sweep AS index, search_point AS point, state, validation_accuracy AS "validationAccuracy",
      validation_loss AS "validationLoss", stop_after_epochs AS "stopAfterEpochs"
    FROM runs WHERE sweep_id = ${sweepId} ORDER BY index_in_sweep`;
  return {
    // Counted by the last one's place: earlier ones may be gone.
    made: (rows.at(-1)?.index ?? -1) + 1,
    ended: rows.flatMap(({ point, state, validationAccuracy, validationLoss, stopAfterEpochs }) =>
      point === null
        ? []
        : [
            {
              point,
              state,
              stopAfterEpochs,
              metrics: { validation_accuracy: validationAccuracy, validation_loss: validationLoss },
            },
          ],
    ),
  };
};
