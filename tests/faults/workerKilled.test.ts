import { listAttempts } from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { pauseInsert, writeIsPaused } from "./pausedWrite.js";
import { smallSpec } from "./smallSpec.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";
import { untilGone } from "./workerProcess.js";
import { isWithoutNative, whySkipped } from "./withoutNative.js";

let lab: Lab;
afterEach(() => lab.close());

describe("promise: worker kill -9", () => {
  beforeEach(async () => {
    lab = await Lab.open(BACKENDS[0]);
    lab.dispatch();
  });

  test("three times in a row, the runs resume by themselves and end as if undisturbed", async () => {
    const specs = [
      smallSpec({ algorithm: "bp", optimiser: "adam", epochs: 400, evaluate_every: 20 }),
      smallSpec({ algorithm: "pc", optimiser: "adam", epochs: 300, evaluate_every: 20 }),
      smallSpec({ algorithm: "pc_rc23", optimiser: "adam", epochs: 200, evaluate_every: 20 }),
    ];
    const expected = [];
    for (const spec of specs) expected.push(await trainUndisturbed(spec, lab.datasetsFolder));

    const { runIds } = await lab.submit(specs);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const worker = lab.startWorker({ slots: 3 });
      for (const id of runIds) await lab.untilCheckpoint(id, attempt);
      const children = worker.childPids();
      expect(children).toHaveLength(3);
      await worker.kill();
      await untilGone(children);
    }
    lab.startWorker({ slots: 3 });

    for (const [index, id] of runIds.entries()) {
      await lab.untilState(id, "succeeded");
      expectEqualResults(await storedResult(lab.database, id), expected[index]);
      const attempts = await listAttempts(lab.database, id);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "lost", "lost", "succeeded"]);
      const resumedFrom = attempts.slice(1).map((attempt) => attempt.resumedFrom ?? 0);
      expect(resumedFrom).toEqual([...resumedFrom].sort((a, b) => a - b));
      expect(resumedFrom[0]).toBeGreaterThan(0);
      expect(attempts.some(({ numericsChanged }) => numericsChanged)).toBe(false);
    }
  });

  test.skipIf(isWithoutNative)(
    `on the native engine, the runs resume on other threads and end as if undisturbed${whySkipped}`,
    async () => {
      const native = { engine: "native", optimiser: "adam", width: 100, depth: 4, batch_size: 50 };
      const specs = [
        smallSpec({ ...native, algorithm: "bp", epochs: 1_200, evaluate_every: 120 }),
        smallSpec({ ...native, algorithm: "pc_rc23", epochs: 250, evaluate_every: 25 }),
      ];
      const expected = [];
      for (const spec of specs) expected.push(await trainUndisturbed(spec, lab.datasetsFolder));

      const { runIds } = await lab.submit(specs);
      const worker = lab.startWorker({ slots: 2, threads: 2 });
      for (const id of runIds) await lab.untilCheckpoint(id);
      const children = worker.childPids();
      expect(children).toHaveLength(2);
      await worker.kill();
      await untilGone(children);
      lab.startWorker({ slots: 2, threads: 6 });

      for (const [index, id] of runIds.entries()) {
        const run = await lab.untilState(id, "succeeded");
        expect(run.engine).toMatch(/^native\//);
        expectEqualResults(await storedResult(lab.database, id), expected[index]);
        const attempts = await listAttempts(lab.database, id);
        expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
        expect(attempts[1].resumedFrom).toBeGreaterThan(0);
        expect(attempts.some(({ numericsChanged }) => numericsChanged)).toBe(false);
      }
    },
    60_000,
  );

  test.each([
    { within: "a claim", table: "attempts", nth: 1 },
    { within: "a metric batch", table: "metrics", nth: 90 },
    { within: "a checkpoint's row", table: "checkpoints", nth: 2 },
    { within: "a checkpoint's chunks", table: "checkpoint_chunks", nth: 4 },
  ])(
    "within $within, nothing half-written is seen and the run ends as if undisturbed",
    async ({ table, nth }) => {
      // Two chunks a checkpoint: the fourth is the second half of the second checkpoint.
      const spec = smallSpec({
        algorithm: "bp",
        width: 230,
        depth: 1,
        epochs: 12,
        evaluate_every: 1,
        train_size: 160,
        batch_size: 16,
      });
      const expected = await trainUndisturbed(spec, lab.datasetsFolder);
      await pauseInsert(lab.database, { table, nth });
      const worker = lab.startWorker();
      const id = await lab.submitOne(spec);
      await lab.until(`a write to ${table} to pause`, 30_000, async () =>
        (await writeIsPaused(lab.database)) ? true : null,
      );
      await worker.kill();
      const before = await lab.run(id);
      expect(before.state).toBe(table === "attempts" ? "queued" : "running");

      lab.startWorker({ checkpointSeconds: 30 });
      await lab.untilState(id, "succeeded");
      expectEqualResults(await storedResult(lab.database, id), expected);
      const chunks = await lab.database.prisma.checkpointChunk.count();
      expect(chunks).toBe(2);
    },
    60_000,
  );
});

test("promise: a training child goes with its worker, wherever its run is", async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
  const worker = lab.startWorker();
  const id = await lab.submitOne(smallSpec({ algorithm: "pc", epochs: 5_000 }));
  await lab.untilState(id, "running");
  const children = worker.childPids();
  expect(children).toHaveLength(1);
  await worker.kill();
  await untilGone(children);
});
