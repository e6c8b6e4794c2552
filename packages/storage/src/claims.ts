/** How a worker takes a run and keeps it: claim, lease, heartbeat. The lease runs by the database's clock. */
import type { Progress, RunState, Timing } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import type { CheckpointRow } from "./checkpoints.js";
import { noteTurn } from "./line.js";
import { type Fence, liveStates } from "./liveRuns.js";
import { deleteMetricsAfter } from "./metrics.js";
import { appendStateEvents } from "./runEvents.js";
import type { Run } from "./generated/prisma/client.js";

export interface ClaimRequest {
  runId: string;
  /** The epoch that the queue's job names: a job of an older one is answered with null. */
  epoch: number;
  workerId: string;
  host: string;
  slots: number;
  leaseMs: number;
}

export interface ClaimedRun {
  id: string;
  name: string;
  /** The raised epoch: the fence of every write of this attempt. */
  epoch: number;
  attempt: number;
  /**
   * The attempt before crashed, or several were lost since the last checkpoint: the run may be to blame, and whatever it
   * brings down now should be its own.
   */
  isSuspect: boolean;
  /** The spec as it is stored: `readStoredSpec` checks it, and a claimed run whose spec does not pass can be failed. */
  storedSpec: unknown;
  /** Of the attempt before, as it is stored; null before any has taken its first step. */
  manifest: unknown;
  /** Where to go on from; null for a fresh start. */
  checkpoint: CheckpointRow | null;
  /** Epochs after which it stops for its search; null for none before its end. */
  stopAfterEpochs: number | null;
}

/** How many slots a queued run wants, as far as a worker must know before it claims; null when it is not to be had. */
export const findTiming = async (
  { prisma }: Database,
  { runId, epoch }: { runId: string; epoch: number },
): Promise<Timing | null> => {
  const [run] = await prisma.$queryRaw<{ timing: Timing | null }[]>`
    SELECT spec->>'timing' AS timing FROM runs
    WHERE id = ${runId} AND epoch = ${epoch}::int AND state = 'queued'`;
  return run === undefined ? null : (run.timing ?? "shared");
};

/** One conditional UPDATE: of any number of claims of one epoch, one succeeds, and the others get null. */
export const claimRun = async (
  database: Database,
  { runId, epoch, workerId, host, slots, leaseMs }: ClaimRequest,
): Promise<ClaimedRun | null> => {
  const claimed = await database.prisma.$transaction(async (transaction) => {
    const changed = await transaction.$executeRaw`
      UPDATE runs SET
        state = 'starting', reason = NULL, reason_detail = NULL, version = version + 1,
        epoch = epoch + 1, attempt = attempt + 1, worker_id = ${workerId}, slots = ${slots}::int,
        started_at = COALESCE(started_at, now()), dispatched_at = NULL,
        lease_until = now() + ${leaseMs}::float8 * interval '1 millisecond'
      WHERE id = ${runId} AND epoch = ${epoch}::int AND state = 'queued'`;
    if (changed !== 1) return null;
    const run: Run = await transaction.run.findUniqueOrThrow({ where: { id: runId } });
    const checkpoint = await transaction.checkpoint.findFirst({
      where: { runId },
      orderBy: { weightUpdate: "desc" },
    });
    const isSuspect =
      run.crashes > 1 || (run.crashes === 1 && (await lastCrashed(transaction, runId)));
    await deleteMetricsAfter(transaction, runId, checkpoint?.weightUpdate ?? -1);
    await appendStateEvents(transaction, [runId], "starting");
    await transaction.attempt.create({
      data: {
        runId,
        userId: run.userId,
        slots,
        number: run.attempt,
        epoch: run.epoch,
        workerId,
        host,
        resumedFrom: checkpoint?.weightUpdate ?? null,
      },
    });
    return {
      id: run.id,
      name: run.name,
      epoch: run.epoch,
      attempt: run.attempt,
      isSuspect,
      storedSpec: run.spec,
      manifest: run.manifest,
      checkpoint,
      stopAfterEpochs: run.stopAfterEpochs,
    };
  });
  if (claimed !== null) await noteTurn(database, runId);
  return claimed;
};

const lastCrashed = async (transaction: Transaction, runId: string): Promise<boolean> => {
  const last = await transaction.attempt.findFirst({
    where: { runId },
    orderBy: { number: "desc" },
    select: { outcome: true },
  });
  return last?.outcome === "crashed";
};

export interface Pulse extends Fence {
  progress: Progress | null;
}

export interface RenewedLease extends Fence {
  state: RunState;
  /** The dispatcher wants its slots for others: it is to be handed back with a checkpoint. */
  isPreempted: boolean;
}

/**
 * Renews the leases of all of a worker's runs in one statement. A run that is missing from the answer is no longer the
 * worker's; one that is `canceling` is to be stopped.
 */
export const renewLeases = async (
  { prisma }: Database,
  pulses: readonly Pulse[],
  leaseMs: number,
): Promise<RenewedLease[]> => {
  if (pulses.length === 0) return [];
  const column = <T>(pick: (progress: Progress) => T): (T | null)[] =>
    pulses.map(({ progress }) => (progress === null ? null : pick(progress)));
  const ids = pulses.map(({ runId }) => runId);
  // The rows are locked in the order of their ids, as everywhere where several are: two such statements cannot deadlock.
  return prisma.$queryRaw<RenewedLease[]>`
    WITH locked AS MATERIALIZED (
      SELECT id FROM runs WHERE id = ANY(${ids}::text[]) ORDER BY id FOR NO KEY UPDATE)
    UPDATE runs SET
      lease_until = now() + ${leaseMs}::float8 * interval '1 millisecond',
      version = version + (CASE WHEN pulse.updates IS DISTINCT FROM runs.weight_updates THEN 1 ELSE 0 END),
      progress_epoch = COALESCE(pulse.epochs, runs.progress_epoch),
      weight_updates = COALESCE(pulse.updates, runs.weight_updates),
      seconds_left = pulse.seconds_left
    FROM locked JOIN unnest(
      ${ids}::text[],
      ${pulses.map(({ epoch }) => epoch)}::int[],
      ${column(({ epoch }) => epoch)}::float8[],
      ${column(({ weightUpdate }) => weightUpdate)}::int[],
      ${column(({ secondsLeft }) => secondsLeft)}::float8[]
    ) AS pulse(id, epoch, epochs, updates, seconds_left) ON pulse.id = locked.id
    WHERE runs.id = locked.id AND runs.epoch = pulse.epoch AND runs.state IN (${liveStates})
    RETURNING runs.id AS "runId", runs.epoch, runs.state, runs.preempt_requested_at IS NOT NULL AS "isPreempted"`;
};
