/** Searches by real workers and a real server: what they make and keep is the same when the server is killed in between. */
import { createToken } from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findFreePort } from "../../scripts/src/local/freePort.js";
import { BACKENDS, LEASE_MS, Lab } from "./lab.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";
import { API_FILE, WorkerProcess } from "./workerProcess.js";
import { readStoredSpec } from "@pclab/core";

let lab: Lab;
let server: Server | null = null;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
});
afterEach(async () => {
  await server?.process.end();
  server = null;
  await lab.close();
});

interface Server {
  process: WorkerProcess;
  url: string;
  token: string;
}

/** The API with its dispatcher, as a process of its own. */
const startServer = async (): Promise<Server> => {
  const port = await findFreePort("127.0.0.1", 0);
  const process = new WorkerProcess(
    {
      DATABASE_URL: lab.url,
      ...("redisUrl" in lab.connection ? { REDIS_URL: lab.connection.redisUrl } : {}),
      PCLAB_HOME: lab.home,
      PCLAB_DATASETS: lab.datasetsFolder,
      PCLAB_PORT: String(port),
      PCLAB_LEASE_MS: String(LEASE_MS),
      PCLAB_DISPATCH_MS: "50",
    },
    API_FILE,
  );
  const url = `http://127.0.0.1:${port}`;
  await lab.until("the server to be ready", 60_000, async () => {
    const response = await fetch(`${url}/readyz`).catch(() => null);
    return response?.ok === true ? true : null;
  });
  const { text: token } = await createToken(lab.database, {
    userId: lab.userId,
    name: "test",
    scope: "submit",
  });
  return { process, url, token };
};

const submit = async ({ url, token }: Server, body: object): Promise<string> => {
  const response = await fetch(`${url}/v1/sweeps`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { id: string };
  expect(response.status, JSON.stringify(answer)).toBe(201);
  return answer.id;
};

const runsOf = (sweepId: string) =>
  lab.database.prisma.run.findMany({ where: { sweepId }, orderBy: { indexInSweep: "asc" } });

/** Waits until so many runs have ended for good. */
const untilEnded = async (sweepId: string, count: number): Promise<void> => {
  await lab
    .until(`${count} runs of ${sweepId} to end`, 120_000, async () => {
      const ended = await lab.database.prisma.run.count({
        where: { sweepId, finishedAt: { not: null } },
      });
      return ended >= count ? true : null;
    })
    .catch((error: unknown) => {
      throw new Error(`the server said:\n${server?.process.log}`, { cause: error });
    });
};

/** Kills the server as soon as so many runs have ended, and starts another. */
const killAfter = async (sweepId: string, counts: readonly number[]): Promise<void> => {
  for (const count of counts) {
    await untilEnded(sweepId, count);
    await server?.process.kill();
    server = await startServer();
  }
};

const base = {
  algorithm: "bp",
  width: 8,
  depth: 2,
  train_size: 256,
  validation_size: 32,
  test_size: 32,
  batch_size: 8,
  engine: "reference",
};

test("promise: a search makes the same runs with the same results when the server is killed between and amid them", async () => {
  const body = {
    base: { ...base, epochs: 1 },
    tpe: {
      samples: 9,
      startup: 3,
      at_a_time: 2,
      learning_rate: { log_uniform: [1e-5, 1e-1] },
      activation: { choice: ["tanh", "gelu"] },
    },
  };
  server = await startServer();
  lab.startWorker({ slots: 2 });
  const undisturbed = await submit(server, body);
  await untilEnded(undisturbed, 9);
  const disturbed = await submit(server, body);
  // Just as a generation ends, when the next is about to be made; and in the midst of one.
  await killAfter(disturbed, [3, 4, 7]);
  await untilEnded(disturbed, 9);

  const [expected, found] = [await runsOf(undisturbed), await runsOf(disturbed)];
  expect(found.map(({ state }) => state)).toEqual(Array.from({ length: 9 }, () => "succeeded"));
  expect(found.map(({ spec }) => spec)).toEqual(expected.map(({ spec }) => spec));
  for (const [index, run] of found.entries()) {
    expectEqualResults(
      await storedResult(lab.database, run.id),
      await storedResult(lab.database, expected[index].id),
    );
  }
  const sweep = await fetch(`${server.url}/v1/sweeps/${disturbed}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  expect(await sweep.json()).toMatchObject({ state: "completed", run_count: 9 });
}, 900_000);

test("promise: halving keeps the same runs, and what is promoted ends byte for byte as if it had never stopped", async () => {
  const body = {
    base: { ...base, epochs: 5, schedule: { warmup_cosine: { warmup: 0.1, final: 0 } } },
    random: { samples: 6, learning_rate: { log_uniform: [1e-6, 1e-1] } },
    stop_early: { asha: { min_epochs: 1, reduction_factor: 2, metric: "validation_loss" } },
  };
  server = await startServer();
  lab.startWorker({ slots: 2 });
  const undisturbed = await submit(server, body);
  await untilEnded(undisturbed, 6);
  const disturbed = await submit(server, body);
  await lab.until("a run to wait at the first rung", 60_000, async () =>
    (await runsOf(disturbed)).some(({ state }) => state === "waiting_search") ? true : null,
  );
  await killAfter(disturbed, [0, 3]);
  await untilEnded(disturbed, 6);

  const [expected, found] = [await runsOf(undisturbed), await runsOf(disturbed)];
  // Of six, three come to epoch 2, one to epoch 4 and to the end.
  expect(found.map(({ state, stopAfterEpochs }) => [state, stopAfterEpochs])).toEqual(
    expected.map(({ state, stopAfterEpochs }) => [state, stopAfterEpochs]),
  );
  const stops = found.map(({ stopAfterEpochs }) => stopAfterEpochs ?? 5);
  expect(stops.sort((a, b) => a - b)).toEqual([1, 1, 1, 2, 2, 5]);
  const whole = found.find(({ state }) => state === "succeeded");
  if (whole === undefined) throw new Error("nothing succeeded");
  expectEqualResults(
    await storedResult(lab.database, whole.id),
    await trainUndisturbed(readStoredSpec(whole.spec), lab.datasetsFolder),
  );
}, 900_000);
