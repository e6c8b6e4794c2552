/** Runs that cannot be trained end with their reason; they take neither the worker nor the runs beside them along. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { listAttempts, listMetrics } from "@pclab/storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import type { WorkerProcess } from "./workerProcess.js";

let lab: Lab;
let worker: WorkerProcess;
beforeAll(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
  worker = lab.startWorker({ checkpointSeconds: 600 });
});
afterAll(() => lab.close());

const outcomesOf = async (id: string): Promise<(string | null)[]> =>
  (await listAttempts(lab.database, id)).map(({ outcome }) => outcome);

test("promise: poison run, it is ended after three crashes without a checkpoint in between", async () => {
  const id = await lab.submitOne(smallSpec({ algorithm: "pc", epochs: 10_000 }));
  for (let crash = 1; crash <= 3; crash++) {
    await lab.until(`attempt ${crash} to train`, 30_000, async () => {
      const run = await lab.run(id);
      return run.attempt === crash && run.state === "running" ? true : null;
    });
    for (const pid of worker.childPids()) process.kill(pid, "SIGSEGV");
  }
  const run = await lab.untilState(id, "failed", 20_000);
  expect(run.reason).toBe("crash_loop");
  expect(run.reasonDetail).toContain("SIGSEGV");
  expect(await outcomesOf(id)).toEqual(["crashed", "crashed", "crashed"]);
});

test("a diverging run fails at once, naming step, layer and quantity; the metrics up to there stay", async () => {
  const id = await lab.submitOne(
    smallSpec({
      algorithm: "bp",
      activation: "identity",
      optimiser: "sgd",
      learning_rate: 1,
      epochs: 50,
      evaluate_every: 0.03125,
    }),
  );
  const run = await lab.untilState(id, "failed");
  expect(run.reason).toBe("diverged");
  expect(run.reasonDetail).toMatch(/after weight update \d+/);
  expect(await outcomesOf(id)).toEqual(["failed"]);
  expect((await listMetrics(lab.database, { runId: id })).length).toBeGreaterThan(0);
});

test("a run that asks for more images than the data set has fails as the user's error", async () => {
  const id = await lab.submitOne(smallSpec({ algorithm: "bp", train_size: 5_000, epochs: 1 }));
  const run = await lab.untilState(id, "failed");
  expect(run).toMatchObject({ reason: "user_error" });
  expect(run.reasonDetail).toContain("300 images");
  expect(await outcomesOf(id)).toEqual(["failed"]);
});

test("a checkpoint whose bytes were changed is not trained on", async () => {
  const id = await lab.submitOne(smallSpec({ algorithm: "pc", epochs: 10_000 }));
  await lab.untilState(id, "running");
  worker.signal("SIGTERM");
  await worker.exited;
  await lab.database.prisma.$executeRaw`
    UPDATE checkpoint_chunks SET data = set_byte(data, 5000, (get_byte(data, 5000) + 1) % 256)`;
  worker = lab.startWorker({ checkpointSeconds: 600 });
  const run = await lab.untilState(id, "failed");
  expect(run.reason).toBe("user_error");
  expect(run.reasonDetail).toContain("sha256");
});

test("a run whose data set is not there fails as the user's error, naming what is missing", async () => {
  const folder = join(lab.datasetsFolder, "fashion-mnist");
  await rm(join(folder, "t10k-labels-idx1-ubyte.gz"));
  const id = await lab.submitOne(smallSpec({ algorithm: "bp", epochs: 1 }));
  const run = await lab.untilState(id, "failed");
  expect(run.reason).toBe("user_error");
  expect(run.reasonDetail).toContain("t10k-labels-idx1-ubyte");
});

test("what the worker logs holds no password", () => {
  expect(worker.log).toContain("an attempt begins");
  expect(worker.log).not.toContain("postgresql://");
});
