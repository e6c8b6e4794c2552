import { openRunQueue } from "@pclab/queue";
import { listAttempts } from "@pclab/storage";
import { Queue, createPostgresBackend } from "bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startRedis } from "../../scripts/src/local/redis.js";
import { BACKENDS, type Backend, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";

const onPostgres = async (lab: Lab, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: lab.url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

const emptyQueue = async (lab: Lab): Promise<void> => {
  if (lab.redis === null) return onPostgres(lab, "TRUNCATE bullmq.job CASCADE");
  const redis = new Redis(lab.redis.url);
  await redis.flushall();
  redis.disconnect();
};

/** The server dies without a word; on PostgreSQL every connection to the lab's database does. */
const crashQueue = async (lab: Lab): Promise<void> => {
  if (lab.redis !== null) process.kill(lab.redis.pid, "SIGKILL");
  else {
    await onPostgres(
      lab,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  }
};

const openRawQueue = (lab: Lab): Queue =>
  lab.redis === null
    ? (new Queue(
        "pclab-runs",
        { connection: { connectionString: lab.url } },
        createPostgresBackend,
      ) as unknown as Queue)
    : new Queue("pclab-runs", { connection: { path: lab.redis.url } });

const shortRun = smallSpec({ algorithm: "bp", epochs: 4, evaluate_every: 1 });
const longRun = smallSpec({ algorithm: "pc", epochs: 200, evaluate_every: 20 });

describe.each(BACKENDS)("on %s", (backend: Backend) => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await Lab.open(backend);
  });
  afterEach(() => lab.close());

  test("promise: queue emptied in mid-run, the run is undisturbed and its result accepted", async () => {
    const expected = await trainUndisturbed(longRun, lab.datasetsFolder);
    lab.dispatch();
    lab.startWorker();
    const id = await lab.submitOne(longRun);
    await lab.untilCheckpoint(id);
    await emptyQueue(lab);
    await lab.untilState(id, "succeeded");
    expectEqualResults(await storedResult(lab.database, id), expected);
    expect(await listAttempts(lab.database, id)).toHaveLength(1);

    const after = await lab.submitOne(shortRun);
    await lab.untilState(after, "succeeded");
  });

  test("promise: queue emptied while runs wait in it, nothing is lost", async () => {
    lab.dispatch();
    const { runIds } = await lab.submit([shortRun, shortRun, shortRun]);
    // With no worker there is one place in the queue.
    await lab.until("a run to be handed out", 10_000, async () => {
      const { waiting } = await lab.queue.jobIds().catch(() => ({ waiting: [] }));
      return waiting.length === 1 ? true : null;
    });
    await emptyQueue(lab);
    expect(await lab.queue.jobIds()).toEqual({ waiting: [], active: [] });
    lab.startWorker({ slots: 2 });
    for (const id of runIds) await lab.untilState(id, "succeeded");
  });

  test("promise: queue restarted under load, nothing is lost and dispatch goes on", async () => {
    const expected = await trainUndisturbed(longRun, lab.datasetsFolder);
    lab.dispatch();
    lab.startWorker();
    const running = await lab.submitOne(longRun);
    await lab.untilState(running, "running");
    await crashQueue(lab);
    // What is submitted while the queue is down waits in PostgreSQL.
    const { runIds } = await lab.until("a submit to be stored", 10_000, () =>
      lab.submit([shortRun, shortRun]).catch(() => null),
    );
    if (lab.redis !== null) await startRedis({ home: lab.home });
    for (const id of [running, ...runIds]) {
      await lab.until(`${id} to succeed`, 60_000, async () => {
        const run = await lab.run(id).catch(() => null);
        return run?.state === "succeeded" ? run : null;
      });
    }
    expectEqualResults(await storedResult(lab.database, running), expected);
  });

  test("promise: delivered twice, one claim wins and the others leave", async () => {
    const { runIds } = await lab.submit(Array.from({ length: 8 }, () => shortRun));
    const opened = openRunQueue(lab.connection, { logger: { warn: () => undefined } });
    await lab.until("the queue to open", 10_000, () => opened.jobIds().catch(() => null));
    await opened.close();
    const queue = openRawQueue(lab);
    for (const runId of runIds) {
      for (const copy of ["a", "b", "c"]) {
        await queue.add(
          "run",
          { id: runId, epoch: 0 },
          { jobId: `${runId}-${copy}`, removeOnComplete: true },
        );
      }
    }
    lab.startWorker({ slots: 2 });
    lab.startWorker({ slots: 2 });
    for (const id of runIds) await lab.untilState(id, "succeeded");
    await lab.until("every copy to be dealt with", 10_000, async () =>
      (await queue.getJobCountByTypes("waiting", "active")) === 0 ? true : null,
    );
    await queue.close();
    for (const id of runIds) {
      const attempts = await listAttempts(lab.database, id);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(["succeeded"]);
    }
  });

  test("promise: drain, the run is handed back with a checkpoint and no attempt is burned", async () => {
    const expected = await trainUndisturbed(longRun, lab.datasetsFolder);
    lab.dispatch();
    const first = lab.startWorker({ checkpointSeconds: 600 });
    const id = await lab.submitOne(longRun);
    await lab.untilState(id, "running");
    first.signal("SIGTERM");
    expect(await first.exited).toBe(0);
    const between = await lab.run(id);
    expect(between).toMatchObject({ state: "queued", crashes: 0 });
    const row = await lab.database.prisma.worker.findFirstOrThrow();
    expect(row.stoppedAt).not.toBeNull();

    lab.startWorker({ checkpointSeconds: 600 });
    await lab.untilState(id, "succeeded");
    expectEqualResults(await storedResult(lab.database, id), expected);
    const attempts = await listAttempts(lab.database, id);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["handed_back", "succeeded"]);
    expect(attempts[1].resumedFrom).toBeGreaterThan(0);
  });
});
