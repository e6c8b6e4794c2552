/** The worker's side of the queue: rings for each job. The queue's own retries and crash budget are out of the way. */
import { type IQueueBackend, Worker as BullWorker } from "bullmq";
import { type QueueConnection, backendOf } from "./connection.js";
import { type QueueLogger, createErrorLog } from "./errorLog.js";
import { RUN_QUEUE_NAME, type WorkJob, parseWorkJob } from "./workJob.js";

type Worker = BullWorker<unknown, void, string, IQueueBackend>;

export interface RunConsumerOptions {
  /** Jobs at a time. */
  concurrency: number;
  /** Called once a job. `signal` is aborted by `stop`: leave soon, handing the run back. */
  process: (work: WorkJob, signal: AbortSignal) => Promise<void>;
  logger: QueueLogger;
  /** How long a job stays with a worker that was lost. */
  lockMs?: number;
}

export interface RunConsumer {
  /** While held it takes no further job; those in hand go on. */
  hold(wanted: boolean): void;
  /** Takes no further job and aborts the signal of those in hand. */
  stop(): Promise<void>;
  /** Waits for the jobs in hand and closes the connection. */
  close(): Promise<void>;
}

const RETRY_MS = 1_000;

export const openRunConsumer = (
  connection: QueueConnection,
  { concurrency, process, logger, lockMs = 15_000 }: RunConsumerOptions,
): RunConsumer => {
  const logError = createErrorLog(logger);
  const stopping = new AbortController();
  let opened: Worker | null = null;
  let isHeld = false;

  const open = (): Worker => {
    const backend = backendOf(connection, { failFast: false });
    const worker: Worker = new BullWorker<unknown, void, string, IQueueBackend>(
      RUN_QUEUE_NAME,
      // BullMQ counts the parameters: only a processor with three is given the signal of `cancelAllJobs`.
      async (job, _token, signal) => {
        await process(parseWorkJob(job.data), signal ?? stopping.signal);
      },
      {
        connection: backend.connection,
        autorun: false,
        concurrency,
        lockDuration: lockMs,
        stalledInterval: Math.ceil(lockMs / 3),
        // Crashes are counted in PostgreSQL, by run: the queue must never give up on a job by itself.
        maxStalledCount: 1_000_000,
        runRetryDelay: RETRY_MS,
      },
      backend.factory,
    );
    worker.on("error", (error) => logError(error, "the queue reports an error"));
    worker.on("failed", (job, error) =>
      logger.warn({ job: job?.id, error: error.message }, "a job failed"),
    );
    worker.on("lockRenewalFailed", (jobs) =>
      // The run itself is held by its lease in PostgreSQL: training goes on.
      logError(
        new Error(jobs.join(", ")),
        "the queue no longer holds jobs that are being worked on",
      ),
    );
    return worker;
  };

  /** Opens until it succeeds: the PostgreSQL backend remembers a failed start for good. */
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const worker = (opened = open());
      try {
        await worker.waitUntilReady();
        await worker.run();
        return;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        logError(error, "the queue cannot be reached; trying again");
        await worker.close(true).catch(() => undefined);
        await delayUnlessAborted(RETRY_MS, stopping.signal);
      }
    }
  };
  const running = run();

  return {
    hold: (wanted) => {
      if (wanted === isHeld || stopping.signal.aborted || opened === null) return;
      isHeld = wanted;
      const changing = wanted ? opened.pause(true) : opened.resume();
      changing.catch((error: Error) => logError(error, "the queue was neither held nor let go"));
    },
    stop: async () => {
      stopping.abort(new Error("the worker drains"));
      await opened?.pause(true);
      opened?.cancelAllJobs("the worker drains");
    },
    close: async () => {
      stopping.abort(new Error("the worker stops"));
      await opened?.close();
      await running;
    },
  };
};

const delayUnlessAborted = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timeout);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timeout = setTimeout(done, delayMs);
    signal.addEventListener("abort", done);
  });
