/** From a job of the queue to an attempt at its analysis: wait for a slot, claim, compute. */
import type { WorkJob } from "@pclab/queue";
import { claimAnalysis, forgetDispatch } from "@pclab/storage";
import type { Logger } from "pino";
import { AnalysisAttempt } from "./analysisAttempt.js";
import { AbandonedError, whenDatabaseAnswers } from "./outage.js";
import type { Desk } from "./takeRun.js";

export const takeAnalysis = async (desk: Desk, job: WorkJob, logger: Logger): Promise<void> => {
  const { config, database, slots } = desk;
  const release = await slots.acquire(1, desk.draining);
  if (release === null) {
    await forgetDispatch(database, [job]);
    return;
  }
  try {
    const claimed = await whenDatabaseAnswers(
      () =>
        claimAnalysis(database, {
          analysisId: job.id,
          epoch: job.epoch,
          workerId: desk.workerId,
          leaseMs: config.leaseMs,
        }),
      { signal: desk.draining, logger },
    );
    if (claimed === null) {
      logger.info("the analysis is no longer to be had");
      return;
    }
    const attemptLogger = logger.child({ epoch: claimed.epoch, kind: claimed.settings.kind });
    const attempt = new AnalysisAttempt({
      database,
      claimed,
      workerEngine: config.engine,
      engineSettings: config.engineSettings,
      datasetsFolder: config.datasetsFolder,
      logger: attemptLogger,
      draining: desk.draining,
      abandoned: desk.abandoned,
    });
    attemptLogger.info({ done: claimed.done }, "an attempt at an analysis begins");
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
    logger.warn({ error: error.message }, "the analysis was left as it is");
  } finally {
    release();
  }
};
