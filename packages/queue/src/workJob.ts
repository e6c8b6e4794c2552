/** What a job carries: which run or analysis, under which epoch. All else is read from PostgreSQL by whoever takes it. */

export const RUN_QUEUE_NAME = "pclab-runs";

export interface WorkJob {
  /** `run_…` or `ana_…`. */
  id: string;
  /** Its epoch when it was handed out: a job of an older one claims nothing. */
  epoch: number;
}

/** A payload that no dispatcher of this lab wrote. */
export class WorkJobInvalidError extends Error {
  override name = "WorkJobInvalidError";
}

/** BullMQ refuses ids that are all digits or hold a `:`; this form has neither. */
export const workJobId = ({ id, epoch }: WorkJob): string => `${id}-e${epoch}`;

/** Checks on read: the queue may be shared, and an old job may outlive an upgrade. */
export const parseWorkJob = (data: unknown): WorkJob => {
  if (typeof data === "object" && data !== null && "id" in data && "epoch" in data) {
    const { id, epoch } = data;
    const isWork = typeof id === "string" && /^(run|ana)_[0-9a-z]+$/.test(id);
    if (isWork && typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch >= 0) {
      return { id, epoch };
    }
  }
  throw new WorkJobInvalidError(
    `the queue holds ${JSON.stringify(data)}, {"id": "run_…" or "ana_…", "epoch": <integer>} expected; it is dropped`,
  );
};
