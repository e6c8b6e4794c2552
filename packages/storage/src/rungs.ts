/**
 * Rungs of sweeps that stop runs early: read and decided under the lock of the sweep's row, in one transaction, so that a
 * rung decides once and as a whole.
 */
import {
  type Halving,
  type RungDecision,
  type RungEntry,
  type RunState,
  rungAfter,
  rungBefore,
} from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { moveRunsOfSweep } from "./moveRun.js";
import { tellOfSweep } from "./webhookMessages.js";

/** A sweep's lowest rung at which runs wait, in epochs. */
export interface WaitingRung {
  sweepId: string;
  rung: number;
}

/** What a rung decides on. */
export interface RungSnapshot {
  request: unknown;
  halving: Halving;
  entries: Omit<RungEntry, "generation">[];
}

/** Rungs that every run on its way to them has reached, of sweeps that nobody paused or cancelled. */
const fullRungs = (where: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT waiting.sweep_id AS "sweepId", waiting.rung
  FROM (SELECT sweep_id, min(stop_after_epochs) AS rung FROM runs
        WHERE state = 'waiting_search' AND ${where} GROUP BY sweep_id) AS waiting
  JOIN sweeps ON sweeps.id = waiting.sweep_id
  WHERE sweeps.paused_at IS NULL AND sweeps.cancel_requested_at IS NULL
    AND NOT EXISTS (
      SELECT 1 FROM runs
      WHERE runs.sweep_id = waiting.sweep_id AND runs.finished_at IS NULL AND runs.state <> 'waiting_search'
        AND runs.stop_after_epochs <= waiting.rung)
  ORDER BY 1`;

export const rungsToDecide = async ({ prisma }: Database): Promise<WaitingRung[]> =>
  prisma.$queryRaw<WaitingRung[]>`${fullRungs(Prisma.sql`true`)}`;

export interface DecideOptions {
  /** Of the body that the sweep was submitted with. */
  halvingOf: (request: unknown) => Halving;
  /** Called with locks held; must not wait for anything. */
  decide: (snapshot: RungSnapshot) => RungDecision;
}

/** Promotes and prunes the runs that wait at the sweep's lowest full rung; null when there is none after all. */
export const decideWaitingRung = async (
  { prisma }: Database,
  sweepId: string,
  { halvingOf, decide }: DecideOptions,
): Promise<(RungDecision & { rung: number }) | null> =>
  prisma.$transaction(async (transaction) => {
    const [sweep] = await transaction.$queryRaw<{ request: unknown }[]>`
      SELECT request FROM sweeps WHERE id = ${sweepId} FOR NO KEY UPDATE`;
    // All at once and in the order of their ids, as heartbeats lock them: promoted and pruned one after the other, they
    // would be locked in an order of the decision's, and either could deadlock the other.
    await transaction.$queryRaw`
      SELECT 1 FROM runs WHERE sweep_id = ${sweepId} AND state = 'waiting_search' ORDER BY id FOR NO KEY UPDATE`;
    const [full] = await transaction.$queryRaw<WaitingRung[]>`
      ${fullRungs(Prisma.sql`sweep_id = ${sweepId}`)}`;
    if (sweep === undefined || full === undefined) return null;
    const halving = halvingOf(sweep.request);
    const { rung } = full;
    const runs = await runsAtRung(transaction, { sweepId, rung, metric: halving.metric });
    const decision = decide({
      request: sweep.request,
      halving,
      entries: runs.map(({ index, value, state, stopAfterEpochs }) => ({
        index,
        value,
        isWaiting: state === "waiting_search" && stopAfterEpochs === rung,
      })),
    });
    await promote(transaction, { sweepId, rung, halving }, pick(runs, decision.promoted));
    await moveRunsOfSweep(transaction, sweepId, "pruned", {
      ids: pick(runs, decision.pruned).map(({ id }) => id),
      reason: "search",
      reasonDetail: `not among the best of those that trained ${rung} epoch${rung === 1 ? "" : "s"}, by ${halving.metric}`,
    });
    await tellOfSweep(transaction, sweepId);
    return { ...decision, rung };
  });

interface RungRun {
  id: string;
  index: number;
  state: RunState;
  stopAfterEpochs: number | null;
  epochs: number;
  value: number | null;
}

const pick = (runs: readonly RungRun[], indices: readonly number[]): RungRun[] => {
  const wanted = new Set(indices);
  return runs.filter(({ index }) => wanted.has(index));
};

/** Those that were measured at the rung, those that wait there, and those that failed on the way. */
const runsAtRung = (
  transaction: Transaction,
  { sweepId, rung, metric }: WaitingRung & Pick<Halving, "metric">,
): Promise<RungRun[]> =>
  transaction.$queryRaw<RungRun[]>`
    SELECT runs.id, index_in_sweep AS index, state, stop_after_epochs AS "stopAfterEpochs",
      (spec->>'epochs')::int AS epochs, metrics.value
    FROM runs LEFT JOIN metrics ON metrics.run_id = runs.id AND metrics.name = ${metric} AND metrics.layer = 0
      AND metrics.weight_update = total_weight_updates::bigint * ${rung}::int / (spec->>'epochs')::int
    WHERE sweep_id = ${sweepId}
      AND (metrics.value IS NOT NULL OR (stop_after_epochs = ${rung}::int AND state IN ('waiting_search', 'failed')))
    ORDER BY index_in_sweep`;

/** Each goes on to its own next rung, or to its end; it is forecast to take as much longer as that is farther. */
const promote = async (
  transaction: Transaction,
  { sweepId, rung, halving }: WaitingRung & { halving: Halving },
  runs: readonly RungRun[],
): Promise<void> => {
  for (const epochs of new Set(runs.map((run) => run.epochs))) {
    const ids = runs.filter((run) => run.epochs === epochs).map(({ id }) => id);
    const next = rungAfter(halving, rung, epochs);
    const longer = ((next ?? epochs) - rung) / (rung - rungBefore(halving, rung));
    await moveRunsOfSweep(transaction, sweepId, "promoted", { ids });
    await transaction.$executeRaw`
      UPDATE runs SET stop_after_epochs = ${next}::int, estimated_seconds = estimated_seconds * ${longer}::float8
      WHERE id = ANY(${ids}::text[])`;
  }
};
