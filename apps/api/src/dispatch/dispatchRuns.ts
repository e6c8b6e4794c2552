/** One round of dispatch: the queue is kept at the workers' free slots and one more, so that order stays PostgreSQL's. */
import type { RunQueue } from "@pclab/queue";
import {
  type Database,
  capacity,
  dispatchedWork,
  forgetDispatch,
  markDispatched,
  nextWork,
} from "@pclab/storage";

export interface DispatchOptions {
  database: Database;
  queue: RunQueue;
  leaseMs: number;
}

/**
 * A run is marked before its job is added, so that whatever the queue holds is known here; one that could not be added
 * is unmarked. A process that dies in between leaves a mark without a job, which the reconciler takes away.
 *
 * @returns how many jobs were added
 * @throws QueueAwayError after the marks of what was not added are gone
 */
export const dispatchRuns = async ({
  database,
  queue,
  leaseMs,
}: DispatchOptions): Promise<number> => {
  // What was handed out is read first: a run that is claimed in between counts twice, and not as room for another.
  const handedOut = await dispatchedWork(database);
  const { slots, busySlots } = await capacity(database, leaseMs);
  const room = Math.max(0, slots - busySlots) + 1 - handedOut.length;
  if (room <= 0) return 0;
  const next = await nextWork(database, room);
  if (next.length === 0) return 0;
  const marked = new Set((await markDispatched(database, next)).map(({ id }) => id));
  // PostgreSQL returns the marked rows in no particular order.
  const pending = next.filter(({ id }) => marked.has(id));
  const count = pending.length;
  try {
    for (let run = pending[0]; run !== undefined; run = pending[0]) {
      await queue.add({ id: run.id, epoch: run.epoch });
      pending.shift();
    }
  } catch (error) {
    await forgetDispatch(database, pending);
    throw error;
  }
  return count;
};
