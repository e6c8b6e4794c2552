/**
 * Searches that make their runs as earlier ones end. The sweep's row is locked while its next runs are made, so that a
 * crash in between leaves nothing, a second dispatcher finds them made, and a cancel or a pause comes before or after.
 */
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
 * Makes the next runs of a search. `propose` answers null where the search ends before its time; it is called with
 * locks held and must not wait for anything.
 *
 * @returns how many runs were made; null when there was nothing to do after all
 * @throws QueuedRunsQuotaError
 */
export const makeSearchedRuns = async (
  { prisma }: Database,
  sweepId: string,
  propose: (snapshot: SearchSnapshot) => NewRuns | null,
): Promise<number | null> =>
  prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT 1 FROM sweeps WHERE id = ${sweepId} FOR NO KEY UPDATE`;
    const [sweep] = await transaction.$queryRaw<
      { userId: string; tags: string[]; request: unknown; plannedRuns: number }[]
    >`
      SELECT user_id AS "userId", tags, request, planned_runs AS "plannedRuns"
      FROM sweeps WHERE id = ${sweepId} AND ${wantsRuns}`;
    if (sweep === undefined) return null;
    const { userId, tags, request, plannedRuns } = sweep;
    const { made, ended } = await endedRuns(transaction, sweepId);
    const proposed = made >= plannedRuns ? null : propose({ request, made, ended });
    const count = proposed?.runs.length ?? 0;
    if (proposed !== null && count > 0) {
      await refuseOverQuota(transaction, { userId, runs: proposed.runs });
      await noteActivity(transaction, userId);
      const duplicates = await findDuplicates(transaction, { userId, ...proposed });
      const places = { duplicates, firstIndex: made };
      await insertRuns(transaction, { id: sweepId, userId, tags }, proposed, places);
    }
    if (count === 0 || made + count >= plannedRuns) {
      await transaction.$executeRaw`UPDATE sweeps SET planned_runs = NULL WHERE id = ${sweepId}`;
      // Nothing may be left to wait for: a search that ends early, or next runs whose results were there.
      await tellOfSweep(transaction, sweepId);
    }
    return count;
  });

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
