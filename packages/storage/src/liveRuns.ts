/**
 * Every write of an attempt: fenced by the run's epoch. A worker whose lease was taken away holds an old epoch, its
 * UPDATE changes no row, and the write is refused with StaleEpochError, whatever it still believes.
 */
import {
  type MetricRow,
  type Progress,
  type RunEvent,
  type RunReason,
  type RunState,
  LIVE_STATES,
} from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { deleteOlderCheckpoints, insertCheckpoint, type NewCheckpoint } from "./checkpoints.js";
import { insertMetrics } from "./metrics.js";
import { moveRun } from "./moveRun.js";
import { type NewRunEvent, appendRunEvents } from "./runEvents.js";

export interface Fence {
  runId: string;
  epoch: number;
}

/** The run is no longer this attempt's: another epoch, or no live state. */
export class StaleEpochError extends Error {
  override name = "StaleEpochError";

  constructor({ runId, epoch }: Fence) {
    super(`${runId} is no longer held under epoch ${epoch}; the write was refused`);
  }
}

export const liveStates = Prisma.join([...LIVE_STATES]);

/** Locks the run's row for the transaction and proves the epoch on it. */
const proveEpoch = async (transaction: Transaction, { runId, epoch }: Fence): Promise<void> => {
  const changed = await transaction.$executeRaw`
    UPDATE runs SET version = version + 1
    WHERE id = ${runId} AND epoch = ${epoch} AND state IN (${liveStates})`;
  if (changed !== 1) throw new StaleEpochError({ runId, epoch });
};

/**
 * The first minibatch is done: starting -> running, with what the run turned out to run on, and whether it went on from
 * another engine's checkpoint. A run that was asked to stop meanwhile stays canceling, and repeating the write changes
 * nothing.
 */
export const recordFirstStep = async (
  { prisma }: Database,
  fence: Fence,
  step: { engine: string; manifest: object; numericsChanged: boolean },
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await proveEpoch(transaction, fence);
    await transaction.$executeRaw`
      UPDATE attempts SET numerics_changed = ${step.numericsChanged}
      FROM runs WHERE runs.id = attempts.run_id AND runs.id = ${fence.runId} AND attempts.number = runs.attempt`;
    const { state } = await transaction.run.update({
      where: { id: fence.runId },
      data: { engine: step.engine, manifest: step.manifest },
    });
    if (state === "starting") await moveRun(transaction, fence.runId, "first_step");
  });

/** With the progress that the rows belong to, so that nobody reads a run's accuracy beside a progress of nothing. */
export const recordMetrics = async (
  { prisma }: Database,
  fence: Fence,
  rows: readonly MetricRow[],
  progress: Progress | null = null,
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await proveEpoch(transaction, fence);
    await insertMetrics(transaction, fence.runId, rows);
    await appendRunEvents(transaction, fence.runId, metricEvents(rows));
    if (progress !== null) await writeProgress(transaction, fence.runId, progress);
  });

/** One event an evaluation, with the values of the whole network. */
const metricEvents = (rows: readonly MetricRow[]): NewRunEvent[] => {
  const ofNetwork = rows.filter(({ layer }) => layer === null);
  return [...new Set(ofNetwork.map(({ weightUpdate }) => weightUpdate))].map((weightUpdate) => ({
    type: "metric",
    data: {
      weight_update: weightUpdate,
      metrics: Object.fromEntries(
        ofNetwork
          .filter((row) => row.weightUpdate === weightUpdate)
          .map(({ name, value }) => [name, value]),
      ),
    },
  }));
};

/** A line of the run's log: what its worker and its child say of it. */
export const recordLog = async (
  { prisma }: Database,
  fence: Fence,
  lines: readonly LogLine[],
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await proveEpoch(transaction, fence);
    await appendRunEvents(
      transaction,
      fence.runId,
      lines.map((line) => ({ type: "log", data: { ...line } })),
    );
  });

export interface LogLine {
  level: "info" | "warn" | "error";
  message: string;
}

/**
 * The checkpoint and the metric rows up to it commit together, and the crash budget starts anew. The run's row is locked
 * only once the bytes are there: a heartbeat, which renews all runs of a worker in one statement, never waits for them.
 * Until then nothing but a foreign key holds the row, which is why everybody else locks it FOR NO KEY UPDATE.
 */
export const recordCheckpoint = async (
  { prisma }: Database,
  fence: Fence,
  checkpoint: NewCheckpoint,
  rows: readonly MetricRow[],
  progress: Progress | null = null,
): Promise<string> =>
  prisma.$transaction(async (transaction) => {
    const id = await insertCheckpoint(transaction, fence.runId, checkpoint);
    await proveEpoch(transaction, fence);
    await deleteOlderCheckpoints(transaction, fence.runId, {
      id,
      best: checkpoint.best ?? false,
    });
    await insertMetrics(transaction, fence.runId, rows);
    await appendRunEvents(transaction, fence.runId, [
      ...metricEvents(rows),
      {
        type: "checkpoint",
        data: {
          checkpoint_id: id,
          weight_update: checkpoint.weightUpdate,
          size_bytes: checkpoint.bytes.byteLength,
          final: checkpoint.final,
        },
      },
    ]);
    if (progress !== null) await writeProgress(transaction, fence.runId, progress);
    await transaction.run.update({ where: { id: fence.runId }, data: { crashes: 0 } });
    return id;
  });

export type Ending =
  | { event: "last_step" | "stopped" | "checkpoint_written" | "rung_reached" }
  | { event: "fault"; reason: RunReason; detail: string };

/**
 * The end of the attempt: of the run, or of its work until somebody resumes it. A canceling run ends canceled, however far
 * its work had come; a pausing one that came to its rung has its checkpoint.
 */
export const recordEnd = async (
  { prisma }: Database,
  fence: Fence,
  ending: Ending,
  progress: Progress | null,
): Promise<void> =>
  prisma.$transaction(async (transaction) => {
    await proveEpoch(transaction, fence);
    const run = await transaction.run.findUniqueOrThrow({ where: { id: fence.runId } });
    const event = eventInState(run.state as RunState, ending);
    const failure = event === "fault" && ending.event === "fault" ? ending : null;
    if (progress !== null) await writeProgress(transaction, fence.runId, progress);
    const state = await moveRun(transaction, fence.runId, event, {
      reason:
        failure?.reason ?? (event === "stopped" || event === "checkpoint_written" ? "user" : null),
      reasonDetail: failure?.detail ?? null,
    });
    await closeAttempt(transaction, fence.runId, state, failure?.detail ?? null);
  });

const eventInState = (state: RunState, { event }: Ending): RunEvent => {
  if (state === "canceling") return "stopped";
  return state === "pausing" && event === "rung_reached" ? "checkpoint_written" : event;
};

const writeProgress = async (
  transaction: Transaction,
  runId: string,
  progress: Progress,
): Promise<void> => {
  await transaction.run.update({
    where: { id: runId },
    data: {
      progressEpoch: progress.epoch,
      weightUpdates: progress.weightUpdate,
      totalWeightUpdates: progress.totalWeightUpdates,
      secondsLeft: progress.secondsLeft,
    },
  });
};

export const closeAttempt = async (
  transaction: Transaction,
  runId: string,
  outcome: string,
  detail: string | null,
): Promise<void> => {
  await transaction.$executeRaw`
    UPDATE attempts SET ended_at = now(), outcome = ${outcome}, detail = ${detail}
    FROM runs WHERE runs.id = ${runId} AND attempts.run_id = runs.id AND attempts.number = runs.attempt
      AND attempts.ended_at IS NULL`;
};
