import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Queue } from "bullmq";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { type TestDatabase, createTestDatabase } from "../../../tests/database.js";
import { type LocalRedis, startRedis } from "../../../scripts/src/local/redis.js";
import type { QueueConnection } from "./connection.js";
import { type RunConsumer, openRunConsumer } from "./runConsumer.js";
import {
  type WorkJob,
  RUN_QUEUE_NAME,
  WorkJobInvalidError,
  parseWorkJob,
  workJobId,
} from "./workJob.js";
import { QueueAwayError, type RunQueue, openRunQueue } from "./runQueue.js";

// Without a Redis tests/global-setup.ts refuses to start under CI=true; elsewhere PostgreSQL's half is run alone.
const backends = inject("redisUrl") === null ? ["postgres"] : ["redis", "postgres"];

const warnings: string[] = [];
const logger = { warn: (_: object, message: string) => warnings.push(message) };

const run = (name: string, epoch = 0): WorkJob => ({ id: `run_${name}`, epoch });

/** Work that a test ends when it likes. */
const heldWork = () => {
  const taken: WorkJob[] = [];
  const releases: (() => void)[] = [];
  return {
    taken,
    releaseAll: () => releases.splice(0).forEach((release) => release()),
    process: (job: WorkJob, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        taken.push(job);
        releases.push(resolve);
        signal.addEventListener("abort", () => resolve());
      }),
  };
};

/** A worker's process that takes a job and never comes back from it. */
const startHangingConsumer = (
  connection: QueueConnection,
): ChildProcessByStdio<null, Readable, null> => {
  const module = JSON.stringify(new URL("./runConsumer.ts", import.meta.url).href);
  const program = `
    const { openRunConsumer } = await import(${module});
    const process = () => new Promise(() => console.log("taken"));
    const logger = { warn: () => {} };
    openRunConsumer(${JSON.stringify(connection)}, { concurrency: 1, process, logger, lockMs: 600 });`;
  const flags = ["--import", "tsx", "--conditions=pclab-source", "--input-type=module"];
  return spawn(process.execPath, [...flags, "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
};

describe.each(backends)("on %s", (backend) => {
  let home: string;
  let redis: LocalRedis | null = null;
  let database: TestDatabase | null = null;
  let connection: QueueConnection;
  let queue: RunQueue;
  const consumers: RunConsumer[] = [];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "pclab-queue-"));
    if (backend === "redis") {
      redis = await startRedis({ home });
      connection = { redisUrl: redis?.url ?? "" };
    } else {
      database = await createTestDatabase();
      connection = { databaseUrl: database.url };
    }
    queue = openRunQueue(connection, { logger, timeoutMs: 5_000 });
    // The first connection takes a moment, and on PostgreSQL a migration.
    await expect.poll(() => queue.jobIds().catch(() => null), { timeout: 20_000 }).not.toBeNull();
  });

  afterEach(async () => {
    for (const consumer of consumers.splice(0)) {
      await consumer.stop();
      await consumer.close();
    }
    await queue.close();
    await redis?.stop();
    await database?.drop();
    redis = null;
    database = null;
    await rm(home, { recursive: true, force: true });
  });

  const consume = (
    process: (job: WorkJob, signal: AbortSignal) => Promise<void>,
    concurrency = 1,
  ): RunConsumer => {
    const consumer = openRunConsumer(connection, { concurrency, process, logger, lockMs: 2_000 });
    consumers.push(consumer);
    return consumer;
  };

  const isEmpty = async (): Promise<boolean> => {
    const { waiting, active } = await queue.jobIds();
    return waiting.length + active.length === 0;
  };

  test("jobs reach a worker once each, in their order, and leave nothing behind", async () => {
    const taken: string[] = [];
    for (const name of ["a", "b", "c"]) await queue.add(run(name));
    expect((await queue.jobIds()).waiting).toEqual(["run_a-e0", "run_b-e0", "run_c-e0"]);
    consume(async ({ id }) => {
      taken.push(id);
    });
    await expect.poll(isEmpty, { timeout: 10_000 }).toBe(true);
    expect(taken).toEqual(["run_a", "run_b", "run_c"]);
  });

  test("adding what waits already changes nothing; what is done can be added again", async () => {
    const taken: WorkJob[] = [];
    await queue.add(run("a"));
    await queue.add(run("a"));
    expect((await queue.jobIds()).waiting).toEqual(["run_a-e0"]);
    consume(async (job) => {
      taken.push(job);
      if (taken.length === 1) throw new Error("a job that fails is gone too");
    });
    await expect.poll(isEmpty, { timeout: 10_000 }).toBe(true);
    expect(taken).toHaveLength(1);
    await queue.add(run("a"));
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(2);
    await expect.poll(isEmpty, { timeout: 10_000 }).toBe(true);
  });

  test("a worker holds as many jobs as it has places for; a held job is active and cannot be removed", async () => {
    const work = heldWork();
    for (const name of ["a", "b", "c"]) await queue.add(run(name));
    consume(work.process, 2);
    await expect.poll(() => work.taken.length, { timeout: 10_000 }).toBe(2);
    await queue.remove("run_a-e0");
    await queue.remove("run_c-e0");
    await queue.remove("run_none-e0");
    const held = await queue.jobIds();
    expect({ waiting: held.waiting, active: held.active.sort() }).toEqual({
      waiting: [],
      active: ["run_a-e0", "run_b-e0"],
    });
    work.releaseAll();
    await expect.poll(isEmpty, { timeout: 10_000 }).toBe(true);
    expect(work.taken).toHaveLength(2);
  });

  test("a worker that stops aborts what it holds and takes nothing more", async () => {
    const work = heldWork();
    await queue.add(run("a"));
    await queue.add(run("b"));
    const consumer = consume(work.process);
    await expect.poll(() => work.taken.length, { timeout: 10_000 }).toBe(1);
    await consumer.stop();
    await consumer.close();
    expect(work.taken).toEqual([run("a")]);
    expect(await queue.jobIds()).toEqual({ waiting: ["run_b-e0"], active: [] });
  });

  test("the job of a worker that died comes to another, however often that happens", async () => {
    await queue.add(run("a"));
    for (let death = 0; death < 2; death++) {
      const dying = startHangingConsumer(connection);
      await once(dying.stdout, "data");
      expect((await queue.jobIds()).active).toEqual(["run_a-e0"]);
      dying.kill("SIGKILL");
      await once(dying, "exit");
    }
    const taken: WorkJob[] = [];
    consume(async (job) => {
      taken.push(job);
    });
    await expect.poll(() => taken, { timeout: 15_000 }).toEqual([run("a")]);
  });
});

describe.runIf(backends.includes("redis"))("while Redis is away", () => {
  let home: string;
  let redis: LocalRedis;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "pclab-queue-"));
    redis = await start();
  });
  afterEach(async () => {
    await redis.stop();
    await rm(home, { recursive: true, force: true });
  });
  const start = async (): Promise<LocalRedis> => {
    const started = await startRedis({ home });
    if (started === null) throw new Error("no Redis on this machine");
    return started;
  };

  test("adding fails in time, and works again once it is back; the consumer finds it by itself", async () => {
    const queue = openRunQueue({ redisUrl: redis.url }, { logger, timeoutMs: 1_000 });
    const taken: WorkJob[] = [];
    const consumer = openRunConsumer(
      { redisUrl: redis.url },
      {
        concurrency: 1,
        process: async (job) => {
          taken.push(job);
        },
        logger,
      },
    );
    await queue.add(run("a"));
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(1);
    await redis.stop();
    warnings.length = 0;
    const startMs = performance.now();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(queue.add(run("b"))).rejects.toThrow(QueueAwayError);
    }
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(warnings.length).toBeLessThan(10);
    redis = await start();
    await expect
      .poll(
        () =>
          queue.add(run("b")).then(
            () => true,
            () => false,
          ),
        { timeout: 15_000 },
      )
      .toBe(true);
    await expect.poll(() => taken.at(-1), { timeout: 15_000 }).toEqual(run("b"));
    await consumer.stop();
    await consumer.close();
    await queue.close();
  });

  test("a payload that is no run is dropped, and the worker goes on", async () => {
    const raw = new Queue(RUN_QUEUE_NAME, { connection: { path: redis.url } });
    for (const data of [
      {},
      { id: "run_a" },
      { id: "run_a", epoch: "0" },
      { id: "../x", epoch: 0 },
    ]) {
      await raw.add("run", data, { removeOnFail: true });
    }
    await raw.add("run", run("good"), { removeOnComplete: true });
    const taken: WorkJob[] = [];
    const consumer = openRunConsumer(
      { redisUrl: redis.url },
      {
        concurrency: 1,
        process: async (job) => {
          taken.push(job);
        },
        logger,
      },
    );
    await expect.poll(() => taken, { timeout: 10_000 }).toEqual([run("good")]);
    await consumer.stop();
    await consumer.close();
    await raw.close();
  });
});

test("a database that is not there is an answer in time, not a hang", async () => {
  const queue = openRunQueue(
    { databaseUrl: "postgresql://127.0.0.1:1/none" },
    { logger, timeoutMs: 2_000 },
  );
  await expect(queue.add(run("a"))).rejects.toThrow(QueueAwayError);
  await expect(queue.jobIds()).rejects.toThrow(QueueAwayError);
  await queue.close();
});

test("job ids hold no colon and are never all digits; payloads are checked on reading", () => {
  expect(workJobId(run("01abc", 12))).toBe("run_01abc-e12");
  expect(parseWorkJob({ id: "run_01abc", epoch: 12, more: 1 })).toEqual(run("01abc", 12));
  for (const data of [null, 7, "run_a", [], { id: "run_a", epoch: -1 }, { id: "a", epoch: 0 }]) {
    expect(() => parseWorkJob(data)).toThrow(WorkJobInvalidError);
  }
});
