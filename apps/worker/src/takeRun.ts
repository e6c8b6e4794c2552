/** From a job of the queue to an attempt at its run: wait for slots, claim, train. */
import { hostname } from "node:os";
import type { WorkJob } from "@pclab/queue";
import { type Database, claimRun, findTiming, forgetDispatch } from "@pclab/storage";
import type { Logger } from "pino";
import { Attempt } from "./attempt.js";
import type { Config } from "./config.js";
import type { Heartbeat } from "./heartbeat.js";
import type { Packs } from "./packs.js";
import { AbandonedError, whenDatabaseAnswers } from "./outage.js";
import { trainAlone } from "./runProcess.js";
import type { Slots } from "./slots.js";
import type { ThreadShares } from "./threadShares.js";

/** What taking a run needs of its worker. */
export interface Desk {
  config: Config;
  version: string;
  database: Database;
  workerId: string;
  slots: Slots;
  threads: ThreadShares;
  packs: Packs;
  heartbeat: Heartbeat;
  draining: AbortSignal;
  abandoned: AbortSignal;
}

/** A job names a run and an epoch. Whoever does not get the claim leaves: the run is another's, or gone. */
export const takeRun = async (desk: Desk, job: WorkJob, logger: Logger): Promise<void> => {
  const { config, database, slots } = desk;
  const { id: runId, epoch } = job;
  const patiently = <T>(work: () => Promise<T>): Promise<T> =>
    whenDatabaseAnswers(work, { signal: desk.draining, logger });
  const timing = await patiently(() => findTiming(database, { runId, epoch }));
  if (timing === null) {
    logger.info("the run is no longer to be had");
    return;
  }
  // A run that wants the worker for itself waits before it claims: until then it is queued, and nobody counts its lease.
  const wanted = timing === "exclusive" ? slots.total : 1;
  const release = await slots.acquire(wanted, desk.draining);
  if (release === null) {
    await forgetDispatch(database, [{ id: runId, epoch }]);
    return;
  }
  try {
    const claimed = await patiently(() =>
      claimRun(database, {
        runId,
        epoch,
        workerId: desk.workerId,
        host: hostname(),
        slots: wanted,
        leaseMs: config.leaseMs,
      }),
    );
    if (claimed === null) {
      logger.info("another claim was first");
      return;
    }
    const attemptLogger = logger.child({ epoch: claimed.epoch, attempt: claimed.attempt });
    const attempt = new Attempt({
      database,
      claimed,
      slots: wanted,
      // It may crash again, and would take its pack along.
      startProcess: claimed.isSuspect ? trainAlone : desk.packs.start,
      workerEngine: config.engine,
      engineSettings: config.engineSettings,
      datasetsFolder: config.datasetsFolder,
      checkpointSeconds: config.checkpointSeconds,
      host: hostname(),
      version: desk.version,
      gitSha: config.gitSha,
      logger: attemptLogger,
      draining: desk.draining,
      abandoned: desk.abandoned,
    });
    attemptLogger.info(
      { resumesFrom: claimed.checkpoint?.weightUpdate ?? null },
      "an attempt begins",
    );
    desk.heartbeat.add(attempt);
    const leaveThreads = desk.threads.join((count) => attempt.setThreads(count));
    try {
      await attempt.run();
    } finally {
      leaveThreads();
      desk.heartbeat.remove(attempt);
    }
  } catch (error) {
    if (!(error instanceof AbandonedError)) throw error;
    logger.warn({ error: error.message }, "the run was left as it is");
  } finally {
    release();
  }
};
