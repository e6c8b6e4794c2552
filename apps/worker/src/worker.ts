/** The worker: takes runs from the queue, trains each in a child of its own, keeps their leases, hands them back. */
import { hostname } from "node:os";
import { startEngine, startableEngines } from "@pclab/core";
import { describeGpu } from "@pclab/engine-webgpu";
import { type RunConsumer, openRunConsumer } from "@pclab/queue";
import {
  type Database,
  type WorkerGpu,
  forgetDispatch,
  newId,
  openDatabase,
  registerWorker,
  retireWorker,
} from "@pclab/storage";
import type { Logger } from "pino";
import type { Config } from "./config.js";
import { createEngines, prepareEngines } from "./engines.js";
import { startHeartbeat } from "./heartbeat.js";
import { messageOf, whenDatabaseAnswers } from "./outage.js";
import { createPacks } from "./packs.js";
import { createSlots } from "./slots.js";
import { type Desk, takeRun } from "./takeRun.js";
import { takeAnalysis } from "./takeAnalysis.js";
import { createThreadShares } from "./threadShares.js";

export interface Worker {
  readonly id: string;
  /** Takes no further run and hands back those in hand with a checkpoint each. */
  drain(): Promise<void>;
  /** Waits for nothing any more; a drain under way ends at once. */
  abandon(): void;
}

/** Connections: heartbeats must not wait behind the writes of the runs. */
const POOL_SIZE = 10;

/** At the end of a drain, a queue or a database that is away is not waited for. */
const CLOSE_MS = 3_000;

/** @throws EngineError engine_unsupported when `config.engine` cannot start here, with the reason */
export const startWorker = async (
  config: Config,
  { logger, version }: { logger: Logger; version: string },
): Promise<Worker> => {
  await prepareEngines(config.engineSettings);
  const registry = createEngines(config.engineSettings);
  const { id: engineId } = startEngine(registry, config.engine);
  const engines = startableEngines(registry);
  const database = openDatabase({
    url: config.databaseUrl,
    poolSize: POOL_SIZE,
    // With the lease, the locks of a frozen worker end.
    idleInTransactionMs: config.leaseMs,
  });
  const id = newId("wrk");
  const log = logger.child({ worker: id });
  const draining = new AbortController();
  const abandoned = new AbortController();
  const slots = createSlots(config.slots);
  const inHand = new Set<Promise<void>>();

  await whenDatabaseAnswers(
    () =>
      registerWorker(database, {
        id,
        host: hostname(),
        pid: process.pid,
        slots: config.slots,
        engines,
        ...describedGpu(),
        version,
      }),
    { signal: abandoned.signal, logger: log },
  );
  let consumer: RunConsumer | null = null;
  let isHeld = false;
  const heartbeat = startHeartbeat({
    database,
    workerId: id,
    leaseMs: config.leaseMs,
    heartbeatMs: config.heartbeatMs,
    isDraining: () => draining.signal.aborted,
    onDrainRequest: (wanted) => {
      isHeld = wanted;
      consumer?.hold(wanted);
    },
    logger: log,
  });
  const desk: Desk = {
    config,
    version,
    database,
    workerId: id,
    slots,
    threads: createThreadShares(config.threads),
    packs: createPacks({ ...config, engines: registry, logger: log }),
    heartbeat,
    draining: draining.signal,
    abandoned: abandoned.signal,
  };
  const opened = openRunConsumer(
    config.redisUrl === null ? { databaseUrl: config.databaseUrl } : { redisUrl: config.redisUrl },
    {
      concurrency: config.slots,
      lockMs: config.leaseMs,
      logger: log,
      process: async (job) => {
        if (isHeld) {
          // It was waiting for this job when it was held: the dispatcher hands it out again.
          log.info({ job: job.id }, "held by an operator: the job goes back");
          await forgetDispatch(database, [job]);
          return;
        }
        const work = job.id.startsWith("ana_")
          ? takeAnalysis(desk, job, log.child({ analysis: job.id, jobEpoch: job.epoch }))
          : takeRun(desk, job, log.child({ run: job.id, jobEpoch: job.epoch }));
        inHand.add(work);
        try {
          await work;
        } finally {
          inHand.delete(work);
        }
      },
    },
  );
  consumer = opened;
  const { slots: slotCount, threads } = config;
  log.info({ slots: slotCount, threads, engine: engineId, engines }, "the worker is ready");

  const drain = async (): Promise<void> => {
    draining.abort();
    await opened.stop();
    await Promise.allSettled(inHand);
    await heartbeat.stop();
    await withinMs(CLOSE_MS, closeConsumer(opened, log));
    await withinMs(CLOSE_MS, retire(database, id, log));
    await withinMs(CLOSE_MS, database.close());
  };
  let drained: Promise<void> | null = null;
  return {
    id,
    drain: () => (drained ??= drain()),
    abandon: () => {
      draining.abort();
      abandoned.abort();
    },
  };
};

const describedGpu = (): { gpu?: WorkerGpu } => {
  const gpu = describeGpu();
  if (gpu === null) return {};
  const { name, driver, memoryBytes, index } = gpu;
  return { gpu: { name, driver, memoryBytes, index } };
};

const closeConsumer = async (consumer: RunConsumer, logger: Logger): Promise<void> => {
  try {
    await consumer.close();
  } catch (error) {
    logger.warn({ error: messageOf(error) }, "the queue's connection did not close");
  }
};

const retire = async (database: Database, id: string, logger: Logger): Promise<void> => {
  try {
    await retireWorker(database, id);
  } catch (error) {
    logger.warn({ error: messageOf(error) }, "the worker's row was not closed");
  }
};

const withinMs = async (limitMs: number, work: Promise<void>): Promise<void> => {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timeout = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timeout);
};
