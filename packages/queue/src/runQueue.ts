/** The dispatcher's side of the queue: adds jobs, lists what is there, takes back what nobody wants. */
import { type IQueueBackend, Queue as BullQueue } from "bullmq";
import { type QueueConnection, backendOf } from "./connection.js";
import { type QueueLogger, createErrorLog } from "./errorLog.js";
import { RUN_QUEUE_NAME, type WorkJob, workJobId } from "./workJob.js";

type Queue = BullQueue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>;

/** The queue did not answer in time, or refused the connection. Nothing is lost: PostgreSQL knows what is queued. */
export class QueueAwayError extends Error {
  override name = "QueueAwayError";
}

export interface RunQueueOptions {
  logger: QueueLogger;
  /** How long one operation may take. */
  timeoutMs?: number;
}

export interface JobIds {
  /** No worker has taken them yet. */
  waiting: string[];
  /** A worker holds them, or held them until it died. */
  active: string[];
}

export interface RunQueue {
  /** Adding a job that is there already changes nothing. @throws QueueAwayError */
  add(work: WorkJob): Promise<void>;
  /** @throws QueueAwayError */
  jobIds(): Promise<JobIds>;
  /** A job that a worker holds stays. Answers whether it went. @throws QueueAwayError */
  remove(jobId: string): Promise<boolean>;
  close(): Promise<void>;
}

export const openRunQueue = (
  connection: QueueConnection,
  { logger, timeoutMs = 2_000 }: RunQueueOptions,
): RunQueue => {
  const logError = createErrorLog(logger);
  let opened: Queue | null = null;

  const open = (): Queue => {
    const backend = backendOf(connection, { failFast: true });
    const queue: Queue = new BullQueue(
      RUN_QUEUE_NAME,
      { connection: backend.connection },
      backend.factory,
    );
    queue.on("error", (error) => logError(error, "the queue reports an error"));
    return queue;
  };

  const ready = async (): Promise<Queue> => {
    const queue = (opened ??= open());
    try {
      await queue.waitUntilReady();
    } catch (error) {
      // The PostgreSQL backend remembers a failed start for good: the next call opens a new one.
      if (opened === queue) opened = null;
      closeQuietly(queue);
      throw error;
    }
    return queue;
  };

  const ask = async <T>(question: (queue: Queue) => Promise<T>): Promise<T> => {
    const late = new AbortController();
    const timeout = setTimeout(
      () => late.abort(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await Promise.race([ready().then(question), rejectionOf(late.signal)]);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new QueueAwayError(`the queue is away: ${error.message}`, { cause: error });
    } finally {
      clearTimeout(timeout);
    }
  };

  return {
    add: (work) =>
      ask(async (queue) => {
        await queue.add(
          "work",
          { id: work.id, epoch: work.epoch },
          // A job that stayed after its end would make adding it again a silent no-op.
          { jobId: workJobId(work), removeOnComplete: true, removeOnFail: true, attempts: 1 },
        );
      }),
    jobIds: () =>
      ask(async (queue) => ({
        waiting: await queue.getRanges(["waiting", "delayed", "prioritized"], 0, -1, true),
        active: await queue.getRanges(["active"], 0, -1, true),
      })),
    remove: (jobId) => ask(async (queue) => (await queue.remove(jobId)) > 0),
    close: async () => {
      const queue = opened;
      opened = null;
      if (queue !== null) await closeOrCut(queue, timeoutMs);
    },
  };
};

const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

const closeQuietly = (queue: Queue): void => {
  queue.close().catch(() => {
    // It never opened.
  });
};

/** A polite QUIT waits for a server that may be gone. */
const closeOrCut = async (queue: Queue, timeoutMs: number): Promise<void> => {
  const closed = queue.close().then(
    () => true,
    () => false,
  );
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timeout = setTimeout(() => resolve(false), timeoutMs);
  });
  const wasClosed = await Promise.race([closed, late]);
  clearTimeout(timeout);
  if (!wasClosed) await queue.disconnect().catch(() => undefined);
};
