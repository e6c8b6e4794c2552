/** Compares the queue with PostgreSQL, which is right: what the queue lost is handed out anew, what nobody wants goes. */
import { type RunQueue, workJobId } from "@pclab/queue";
import { type Database, dispatchedWork, forgetDispatch } from "@pclab/storage";
import type { Logger } from "pino";

export interface ReconcileOptions {
  database: Database;
  queue: RunQueue;
  logger: Logger;
}

/**
 * The queue is read first: whatever it held then had been marked before. A run that is claimed in between is at worst
 * looked at twice, since unmarking touches queued runs alone and the claim's epoch lets one job through.
 *
 * @throws QueueAwayError
 */
export const reconcile = async ({ database, queue, logger }: ReconcileOptions): Promise<void> => {
  const held = await queue.jobIds();
  const dispatched = await dispatchedWork(database);
  const inQueue = new Set([...held.waiting, ...held.active]);
  const lost = dispatched.filter((run) => !inQueue.has(workJobId(run)));
  if (lost.length > 0) {
    logger.warn(
      { runs: lost.map(({ id }) => id) },
      "the queue lost runs; they are handed out again",
    );
    await forgetDispatch(database, lost);
  }
  const wanted = new Set(dispatched.map(workJobId));
  // A job that a worker holds is the job of a live run, or goes by itself when its lock runs out.
  for (const jobId of held.waiting) {
    if (!wanted.has(jobId)) await queue.remove(jobId);
  }
};
