/**
 * One round of dispatch: the queue holds what the line gives for the free slots and one more, so that order stays
 * PostgreSQL's. What the line would not give any more, since somebody else's work came, is taken back while nobody holds it.
 */
import { type RunQueue, workJobId } from "@pclab/queue";
import {
  type Database,
  type QueuedWork,
  capacity,
  dispatchedWork,
  forgetDispatch,
  markDispatched,
  requestPreemption,
} from "@pclab/storage";
import { pickWork } from "./pickWork.js";

export interface DispatchOptions {
  database: Database;
  queue: RunQueue;
  leaseMs: number;
}

/**
 * @returns how many jobs were added
 * @throws QueueAwayError after the marks of what was not added are gone
 */
export const dispatchRuns = async ({
  database,
  queue,
  leaseMs,
}: DispatchOptions): Promise<number> => {
  // What was handed out is read first: a run that is claimed in between is not taken back.
  const handedOut = await dispatchedWork(database);
  const { work, preempted } = await pickWork(database, await capacity(database, leaseMs));
  if (preempted.length > 0) await requestPreemption(database, preempted);
  const wanted = new Set(work.map(workJobId));
  const known = new Set(handedOut.map(workJobId));
  await takeBack(
    { database, queue },
    handedOut.filter((one) => !wanted.has(workJobId(one))),
  );
  const fresh = work.filter((one) => !known.has(workJobId(one)));
  if (fresh.length === 0) return 0;
  return handOut({ database, queue }, fresh);
};

/** A job that a worker holds stays: it may be claimed at any moment, and then it is no longer handed out. */
const takeBack = async (
  { database, queue }: Pick<DispatchOptions, "database" | "queue">,
  works: readonly QueuedWork[],
): Promise<void> => {
  for (const work of works) {
    if (await queue.remove(workJobId(work))) await forgetDispatch(database, [work]);
  }
};

/**
 * A run is marked before its job is added, so that whatever the queue holds is known here; one that could not be added
 * is unmarked. A process that dies in between leaves a mark without a job, which the reconciler takes away.
 */
const handOut = async (
  { database, queue }: Pick<DispatchOptions, "database" | "queue">,
  works: readonly QueuedWork[],
): Promise<number> => {
  const marked = new Set((await markDispatched(database, works)).map(({ id }) => id));
  // PostgreSQL returns the marked rows in no particular order.
  const pending = works.filter(({ id }) => marked.has(id));
  const count = pending.length;
  try {
    for (let work = pending[0]; work !== undefined; work = pending[0]) {
      await queue.add({ id: work.id, epoch: work.epoch });
      pending.shift();
    }
  } catch (error) {
    await forgetDispatch(database, pending);
    throw error;
  }
  return count;
};
