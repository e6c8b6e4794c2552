/**
 * A lab for fault tests: a database and a queue of its own, the dispatcher in this process, workers as processes of
 * their own run from the sources, a small generated data set, short leases.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, type ExperimentSpec, type RunState, isTerminal } from "@pclab/core";
import { type QueueConnection, type RunQueue, openRunQueue } from "@pclab/queue";
import {
  type Database,
  type RunRow,
  type SweepRow,
  findOrCreateUser,
  findRun,
  openDatabase,
  openDispatcherLock,
  storeSweep,
  writeSyntheticDataset,
} from "@pclab/storage";
import { pino } from "pino";
import { inject } from "vitest";
import { type Dispatcher, startDispatcher } from "../../apps/api/src/dispatch/dispatcher.js";
import { type LocalRedis, startRedis } from "../../scripts/src/local/redis.js";
import { type TestDatabase, createTestDatabase } from "../database.js";
import { WorkerProcess } from "./workerProcess.js";

export type Backend = "redis" | "postgres";

/** Where there is no Redis, tests/global-setup.ts has refused to start under CI=true. */
export const BACKENDS: readonly Backend[] =
  inject("redisUrl") === null ? ["postgres"] : ["redis", "postgres"];

export const LEASE_MS = 2_000;

export interface WorkerSettings {
  /** Another way to the database than the lab's own. */
  databaseUrl?: string;
  slots?: number;
  /** Runs in one engine. */
  pack?: number;
  threads?: number;
  engine?: EngineChoice;
  tfjsBackend?: "tensorflow" | "cpu";
  checkpointSeconds?: number;
  leaseMs?: number;
  /** What else the worker's environment has. */
  environment?: Record<string, string>;
}

const quiet = pino({ level: "silent" });

export class Lab {
  readonly database: Database;
  readonly url: string;
  readonly connection: QueueConnection;
  readonly queue: RunQueue;
  readonly datasetsFolder: string;
  readonly userId: string;
  readonly redis: LocalRedis | null;
  readonly home: string;
  readonly #testDatabase: TestDatabase;
  readonly #workers: WorkerProcess[] = [];
  #dispatcher: Dispatcher | null = null;

  private constructor(parts: {
    home: string;
    testDatabase: TestDatabase;
    database: Database;
    redis: LocalRedis | null;
    userId: string;
  }) {
    this.home = parts.home;
    this.#testDatabase = parts.testDatabase;
    this.database = parts.database;
    this.url = parts.testDatabase.url;
    this.redis = parts.redis;
    this.userId = parts.userId;
    this.datasetsFolder = join(parts.home, "datasets");
    this.connection =
      parts.redis === null ? { databaseUrl: this.url } : { redisUrl: parts.redis.url };
    this.queue = openRunQueue(this.connection, { logger: quiet });
  }

  static async open(backend: Backend): Promise<Lab> {
    const home = await mkdtemp(join(tmpdir(), "pclab-faults-"));
    const testDatabase = await createTestDatabase();
    const database = openDatabase({ url: testDatabase.url });
    const user = await findOrCreateUser(database, "ada");
    const redis = backend === "redis" ? await startRedis({ home }) : null;
    await writeSyntheticDataset(join(home, "datasets", "fashion-mnist"), {
      train: 300,
      test: 50,
      seed: 7,
    });
    return new Lab({ home, testDatabase, database, redis, userId: user.id });
  }

  dispatch(): void {
    this.#dispatcher = startDispatcher({
      database: this.database,
      lock: openDispatcherLock(this.url),
      queue: this.queue,
      logger: quiet,
      leaseMs: LEASE_MS,
      pollMs: 50,
      recoverMs: 100,
      reconcileMs: 1_000,
      storageRetryMs: 500,
    });
  }

  async stopDispatch(): Promise<void> {
    await this.#dispatcher?.stop();
    this.#dispatcher = null;
  }

  startWorker({
    databaseUrl = this.url,
    slots = 1,
    pack,
    threads = slots,
    engine = "auto",
    tfjsBackend = "tensorflow",
    checkpointSeconds = 0.1,
    leaseMs = LEASE_MS,
    environment = {},
  }: WorkerSettings = {}): WorkerProcess {
    const worker = new WorkerProcess({
      DATABASE_URL: databaseUrl,
      ...("redisUrl" in this.connection ? { REDIS_URL: this.connection.redisUrl } : {}),
      PCLAB_DATASETS: this.datasetsFolder,
      PCLAB_SLOTS: String(slots),
      PCLAB_THREADS: String(threads),
      ...(pack === undefined ? {} : { PCLAB_PACK: String(pack) }),
      ENGINE: engine,
      PCLAB_TFJS_BACKEND: tfjsBackend,
      PCLAB_LEASE_MS: String(leaseMs),
      PCLAB_HEARTBEAT_MS: "200",
      PCLAB_CHECKPOINT_SECONDS: String(checkpointSeconds),
      ...environment,
    });
    this.#workers.push(worker);
    return worker;
  }

  async submit(specs: readonly ExperimentSpec[]): Promise<{ sweep: SweepRow; runIds: string[] }> {
    const sweep = { userId: this.userId, name: "faults", request: {}, runs: specs };
    const result = await storeSweep(this.database, sweep, null);
    if (!("stored" in result)) throw new Error("a sweep without a key was replayed");
    const runs = await this.database.prisma.run.findMany({
      where: { sweepId: result.stored.id },
      orderBy: { indexInSweep: "asc" },
    });
    return { sweep: result.stored, runIds: runs.map(({ id }) => id) };
  }

  async submitOne(spec: ExperimentSpec): Promise<string> {
    const { runIds } = await this.submit([spec]);
    return runIds[0];
  }

  async run(id: string): Promise<RunRow> {
    const run = await findRun(this.database, { userId: this.userId, id });
    if (run === null) throw new Error(`no run ${id}`);
    return run;
  }

  /** Waits for a run in a state; a terminal state that is not the one waited for is an error at once. */
  async untilState(id: string, state: RunState, timeoutMs = 60_000): Promise<RunRow> {
    return this.until(`${id} to be ${state}`, timeoutMs, async () => {
      const run = await this.run(id);
      if (run.state === state) return run;
      if (isTerminal(run.state)) {
        throw new Error(`${id} is ${run.state}, not ${state}: ${run.reason}, ${run.reasonDetail}`);
      }
      return null;
    });
  }

  /** Waits until an attempt of the run has written a checkpoint and the run still trains. */
  async untilCheckpoint(id: string, attempt = 1): Promise<void> {
    await this.until(`a checkpoint of attempt ${attempt} at ${id}`, 60_000, async () => {
      const checkpoint = await this.database.prisma.checkpoint.findFirst({ where: { runId: id } });
      const run = await this.run(id);
      if (isTerminal(run.state)) throw new Error(`${id} is ${run.state} before the fault`);
      return checkpoint?.attempt === attempt ? true : null;
    });
  }

  /** Polls until `look` answers with something; tells what the workers logged when it does not. */
  async until<T>(what: string, timeoutMs: number, look: () => Promise<T | null>): Promise<T> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const found = await look().catch((error: unknown) => {
        throw new Error(`waiting for ${what}: ${String(error)}\n${this.#logs()}`);
      });
      if (found !== null) return found;
      if (performance.now() > deadlineMs) {
        throw new Error(`waited ${timeoutMs} ms for ${what}\n${this.#logs()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #logs(): string {
    return this.#workers.map(({ pid, log }) => `worker ${pid}:\n${log}`).join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.stopDispatch();
    await this.queue.close();
    await this.database.close();
    await this.redis?.stop();
    await rm(this.home, { recursive: true, force: true });
    await this.#testDatabase.drop();
  }
}
