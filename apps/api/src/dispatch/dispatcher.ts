/**
 * Hands queued runs to the workers' queue, puts back those whose worker was lost or that found no room, mends what the
 * queue lost, and lets searches go on. One process of all that serve the API does it at a time, under an advisory lock; another takes over
 * when it dies.
 */
import { setTimeout as delay } from "node:timers/promises";
import { QueueAwayError, type RunQueue } from "@pclab/queue";
import {
  type Database,
  type DispatcherLock,
  failOrphanedAnalyses,
  isStorageFull,
  purgeDeleted,
  recoverLostAnalyses,
  recoverLostRuns,
  retryForRoom,
} from "@pclab/storage";
import type { Logger } from "pino";
import { advanceSearches } from "./advanceSearches.js";
import { dispatchRuns } from "./dispatchRuns.js";
import { createOutageLog } from "./outageLog.js";
import { reconcile } from "./reconciler.js";

export interface DispatcherOptions {
  database: Database;
  lock: DispatcherLock;
  queue: RunQueue;
  logger: Logger;
  leaseMs: number;
  /** Between two looks at what is queued. */
  pollMs?: number;
  /** Between two looks for leases that ran out. */
  recoverMs?: number;
  /** Between two comparisons of the queue with PostgreSQL. */
  reconcileMs?: number;
  /** After so long a run that PostgreSQL had no room for is tried again. */
  storageRetryMs?: number;
  /** After so long what was deleted is gone for good. */
  deleteGraceMs?: number;
  /** Monotonic, in milliseconds. */
  now?: () => number;
}

export interface Dispatcher {
  /** Ends the loop after its present step and gives the lock back. */
  stop(): Promise<void>;
}

/** Between two looks for what was deleted long ago. */
const PURGE_MS = 60_000;

/** A queue that is away is asked again after so long. */
const QUEUE_RETRY_MS = 1_000;

export const startDispatcher = ({
  database,
  lock,
  queue,
  logger,
  leaseMs,
  pollMs = 250,
  recoverMs = Math.min(1_000, leaseMs / 4),
  reconcileMs = 10_000,
  storageRetryMs = 30_000,
  deleteGraceMs = 7 * 86_400_000,
  now = () => performance.now(),
}: DispatcherOptions): Dispatcher => {
  const stopping = new AbortController();
  const databaseOutage = createOutageLog(
    logger,
    "dispatch failed; trying again",
    "dispatch goes on",
  );
  const queueOutage = createOutageLog(
    logger,
    "the queue is away; runs wait in PostgreSQL",
    "the queue is back",
  );
  // Since when this process has seen leases being renewed; null while another dispatches or PostgreSQL is away. Leases
  // that ran out before are not judged: their workers could not renew them, and get one lease of grace.
  let watchingSinceMs: number | null = null;
  let recoverAtMs = 0;
  let reconcileAtMs = 0;
  let queueAtMs = 0;
  let purgeAtMs = 0;
  let roomAtMs = 0;
  // Nobody could renew the leases that run out while PostgreSQL has no room, nor take them away: that is no crash of theirs.
  let hadNoRoom = false;
  const searchOutage = createOutageLog(logger, "searches failed; trying again", "searches go on");
  const searches = { database, logger, told: new Set<string>(), signal: stopping.signal };
  let searching: Promise<void> | null = null;

  /** A search may think for long, and what it fails of is its own: runs are dispatched meanwhile and all the same. */
  const letSearchesGoOn = (): void => {
    searching ??= advanceSearches(searches)
      .then(
        () => searchOutage.over(),
        (error: unknown) => searchOutage.hit(error),
      )
      .finally(() => {
        searching = null;
      });
  };

  const recover = async (): Promise<void> => {
    try {
      for (const { id, state } of await recoverLostRuns(
        database,
        hadNoRoom ? "storage_full" : "lost",
      )) {
        logger.warn({ run: id, state }, "a run lost its worker");
      }
      hadNoRoom = false;
    } catch (error) {
      hadNoRoom ||= isStorageFull(error);
      throw error;
    }
    for (const id of await recoverLostAnalyses(database)) {
      logger.warn({ analysis: id }, "an analysis lost its worker");
    }
  };

  const tellQueue = async (): Promise<void> => {
    try {
      if (now() >= reconcileAtMs) {
        await reconcile({ database, queue, logger });
        reconcileAtMs = now() + reconcileMs;
        queueOutage.over();
      }
      const startMs = now();
      if ((await dispatchRuns({ database, queue, leaseMs })) > 0) queueOutage.over();
      logger.debug({ decisionMs: now() - startMs }, "a round of dispatch");
    } catch (error) {
      if (!(error instanceof QueueAwayError)) throw error;
      queueOutage.hit(error);
      queueAtMs = now() + QUEUE_RETRY_MS;
      // What a queue that was away still holds is not known.
      reconcileAtMs = 0;
    }
  };

  const step = async (): Promise<void> => {
    const startMs = now();
    if (!(await lock.hold())) {
      watchingSinceMs = null;
      return;
    }
    if (watchingSinceMs === null) {
      logger.info("this process dispatches");
      watchingSinceMs = startMs;
      reconcileAtMs = 0;
    }
    if (startMs >= recoverAtMs && startMs - watchingSinceMs >= leaseMs) {
      await recover();
      await failOrphanedAnalyses(database);
      recoverAtMs = startMs + recoverMs;
    }
    if (startMs >= roomAtMs) {
      // Set first: without room for this write, the next steps do what needs none.
      roomAtMs = startMs + storageRetryMs / 3;
      const runs = await retryForRoom(database, storageRetryMs);
      if (runs.length > 0) logger.info({ runs }, "runs that found no room are tried again");
    }
    if (startMs >= purgeAtMs) {
      const gone = await purgeDeleted(database, deleteGraceMs);
      if (gone.sweeps + gone.runs > 0) logger.info(gone, "what was deleted is gone for good");
      // There may be more than one helping.
      purgeAtMs = gone.runs > 0 ? 0 : startMs + PURGE_MS;
    }
    // A server that answers this late may have kept the workers waiting as long.
    if (now() - startMs > leaseMs / 2) watchingSinceMs = now();
    if (startMs >= queueAtMs) await tellQueue();
    letSearchesGoOn();
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await step();
        databaseOutage.over();
      } catch (error) {
        // Whatever it was, the next step may succeed, and nothing else in the lab would dispatch.
        watchingSinceMs = null;
        databaseOutage.hit(error);
      }
      await delay(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();

  return {
    stop: async () => {
      stopping.abort();
      await running;
      await searching;
      await lock.close();
    },
  };
};
