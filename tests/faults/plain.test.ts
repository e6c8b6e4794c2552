/** The life of a run with nothing going wrong, through the queue, a worker process and PostgreSQL. */
import { listMetrics, listAttempts } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";

describe.each(BACKENDS)("on %s", (backend) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open(backend);
    lab.dispatch();
    lab.startWorker({ slots: 2 });
  });
  afterAll(() => lab.close());

  test("a bp run goes from queued to succeeded, with its metrics, manifest and final checkpoint", async () => {
    const spec = smallSpec({ algorithm: "bp", epochs: 2, evaluate_every: 1 });
    const id = await lab.submitOne(spec);
    const run = await lab.untilState(id, "succeeded");
    expect(run.weightUpdates).toBe(64);
    expect(run.engine).toBe("reference/float64");
    expect(run.manifest).toMatchObject({
      seed: 0,
      engine: "reference/float64",
      engine_choice: { spec: "reference", worker: "auto" },
      numerics_changed: [],
      git_sha: null,
    });
    const rows = await listMetrics(lab.database, { runId: id });
    const metrics = rows.filter(({ name }) => name === "test_accuracy");
    expect(metrics.map(({ weightUpdate }) => weightUpdate)).toEqual([32, 64]);
    const checkpoints = await lab.database.prisma.checkpoint.findMany({ where: { runId: id } });
    expect(checkpoints).toMatchObject([{ final: true, weightUpdate: 64, attempt: 1 }]);
    expect(await listAttempts(lab.database, id)).toMatchObject([
      { number: 1, outcome: "succeeded", resumedFrom: null },
    ]);
  });
});

test("a run with exclusive timing has the worker and its cores to itself, and is not overtaken for ever", async () => {
  const lab = await Lab.open(BACKENDS[0]);
  try {
    lab.dispatch();
    const shared = smallSpec({ algorithm: "bp", epochs: 60, evaluate_every: 30 });
    const { runIds } = await lab.submit([
      shared,
      shared,
      { ...shared, timing: "exclusive" },
      shared,
    ]);
    lab.startWorker({ slots: 2, threads: 4 });
    for (const id of runIds) await lab.untilState(id, "succeeded");
    expect((await lab.run(runIds[2])).slots).toBe(2);
    const threads = [];
    for (const id of runIds) threads.push(await meanThreads(lab, id));
    expect(threads.slice(2)).toEqual([4, 4]);
    // The first two ran beside each other, for most of the time at least.
    for (const shared of threads.slice(0, 2)) {
      expect(shared).toBeGreaterThanOrEqual(2);
      expect(shared).toBeLessThan(3.5);
    }
    const spans = [];
    for (const id of runIds) {
      const [{ startedAt, endedAt }] = await listAttempts(lab.database, id);
      spans.push({ start: startedAt.getTime(), end: endedAt?.getTime() ?? 0 });
    }
    const [exclusive] = spans.splice(2, 1);
    for (const { start, end } of spans) {
      expect(end <= exclusive.start || start >= exclusive.end).toBe(true);
    }
    // First come, first served: the last of them waited behind it.
    expect(spans[2].start).toBeGreaterThanOrEqual(exclusive.end);
  } finally {
    await lab.close();
  }
});

/** Over all minibatches of a run; whole threads are compared exactly. */
const meanThreads = async (lab: Lab, runId: string): Promise<number> => {
  const rows = await listMetrics(lab.database, { runId });
  const last = (name: string): number =>
    rows.filter((row) => row.name === name).at(-1)?.value ?? Number.NaN;
  return Number((last("thread_seconds") / last("train_seconds")).toFixed(9));
};
