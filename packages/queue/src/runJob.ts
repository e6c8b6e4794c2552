/** What a job carries: which run, under which epoch. Everything else is read from PostgreSQL by whoever takes the job. */

export const RUN_QUEUE_NAME = "pclab-runs";

export interface RunJob {
  runId: string;
  /** The run's epoch when it was handed out: a job of an older one claims nothing. */
  epoch: number;
}

/** A payload that no dispatcher of this lab wrote. */
export class RunJobInvalidError extends Error {
  override name = "RunJobInvalidError";
}

/** BullMQ refuses ids that are all digits or hold a `:`; this form has neither. */
export const runJobId = ({ runId, epoch }: RunJob): string => `${runId}-e${epoch}`;

/** Checks on read: the queue may be shared, and an old job may outlive an upgrade. */
export const parseRunJob = (data: unknown): RunJob => {
  if (typeof data === "object" && data !== null && "runId" in data && "epoch" in data) {
    const { runId, epoch } = data;
    const isRun = typeof runId === "string" && /^run_[0-9a-z]+$/.test(runId);
    if (isRun && typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch >= 0) {
      return { runId, epoch };
    }
  }
  throw new RunJobInvalidError(
    `the queue holds ${JSON.stringify(data)}, {"runId": "run_…", "epoch": <integer>} expected; it is dropped`,
  );
};
