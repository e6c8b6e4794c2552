import {
  type AlignmentResult,
  type AnalysisSettings,
  type CurvatureResult,
  type LandscapePoint,
  type LandscapeResult,
  type LayerDistributions,
  type PhaseConvergence,
  parseAnalysis,
} from "@pclab/core";
import {
  type AnalysisRow,
  cancelAnalysis,
  findAnalysis,
  listAnalysisPoints,
  listCheckpoints,
  storeAnalysis,
} from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { isWithoutNative, whySkipped } from "./withoutNative.js";
import { untilGone } from "./workerProcess.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

const parsed = (wire: object): AnalysisSettings => {
  const checked = parseAnalysis(wire);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
};

const landscape = (wire: object = {}): AnalysisSettings =>
  parsed({ kind: "landscape", examples: 50, ...wire });

const trained = async (wire: Record<string, unknown> = {}): Promise<string> => {
  const id = await lab.submitOne(smallSpec({ algorithm: "pc", epochs: 1, ...wire }));
  await lab.untilState(id, "succeeded");
  return id;
};

const submit = async (runId: string, settings: AnalysisSettings): Promise<string> => {
  const { userId } = lab;
  const analysis = { userId, runId, checkpointId: null, settings, estimatedSeconds: 1 };
  return (await storeAnalysis(lab.database, analysis)).id;
};

const until = (id: string, what: string, isSo: (row: AnalysisRow) => boolean) =>
  lab.until(`${id} to ${what}`, 60_000, async () => {
    const row = await findAnalysis(lab.database, { userId: lab.userId, id });
    if (row === null) throw new Error(`no analysis ${id}`);
    return isSo(row) ? row : null;
  });

const untilEnd = (id: string) => until(id, "end", ({ finishedAt }) => finishedAt !== null);

const pointsOf = (id: string): Promise<LandscapePoint[]> => listAnalysisPoints(lab.database, id);

test("promise: an analysis whose worker is killed goes on behind its points and ends as if undisturbed", async () => {
  const first = lab.startWorker({ slots: 1 });
  // Slow enough for the fault to find it at work.
  const settings = landscape({ resolution: 31, surface: "energy" });
  const runId = await trained();
  const id = await submit(runId, settings);
  const halfway = await until(id, "have points", ({ done }) => done > 100);
  expect(halfway.state).toBe("running");
  const children = first.childPids();
  await first.kill();
  await untilGone(children);
  const before = await pointsOf(id);

  lab.startWorker({ slots: 1 });
  const ended = await untilEnd(id);
  expect(ended).toMatchObject({ state: "succeeded", done: 961, attempt: 2, crashes: 0 });
  const after = await pointsOf(id);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.map(({ index }) => index)).toEqual(Array.from({ length: 961 }, (_, i) => i));

  const undisturbed = await submit(runId, settings);
  const { result } = await untilEnd(undisturbed);
  expect(await pointsOf(undisturbed)).toEqual(after);
  expect(result).toEqual(ended.result);
});

test("an analysis waits for its run, and is handed back by a worker that drains", async () => {
  const run = await lab.submitOne(smallSpec({ algorithm: "bp", epochs: 60 }));
  const id = await submit(run, landscape({ resolution: 31, surface: "energy" }));
  const worker = lab.startWorker({ slots: 1 });
  await until(id, "have points", ({ done }) => done > 50);
  worker.signal("SIGTERM");
  await worker.exited;
  const handedBack = await until(id, "be handed back", ({ state }) => state === "queued");
  expect(handedBack.crashes).toBe(0);
  const { done } = handedBack;
  lab.startWorker({ slots: 1 });
  const ended = await untilEnd(id);
  expect(ended.state).toBe("succeeded");
  expect(done).toBeGreaterThan(50);
});

test("the weights of a trained network are told in one result", async () => {
  lab.startWorker({ slots: 1 });
  const id = await submit(await trained({ algorithm: "pc_rc3" }), { kind: "weights", bins: 21 });
  const ended = await untilEnd(id);
  expect(ended).toMatchObject({ state: "succeeded", done: 1, total: 1 });
  const { layers } = ended.result as unknown as { layers: LayerDistributions[] };
  expect(layers).toHaveLength(3);
  for (const { weights, log_variance } of layers) {
    expect(weights.relative_movement).toBeGreaterThan(0);
    expect(weights.now.histogram.counts).toHaveLength(21);
    expect(log_variance?.now.count).toBeGreaterThan(0);
  }
});

test("training is looked at through the checkpoints that were kept of it", async () => {
  lab.startWorker({ slots: 1 });
  const runId = await trained({ keep_checkpoints: 2, epochs: 3 });
  const checkpoints = await listCheckpoints(lab.database, runId);
  const updates = checkpoints.map(({ weightUpdate }) => weightUpdate);
  expect(updates).toHaveLength(3);
  const resultOf = async (settings: AnalysisSettings): Promise<unknown> =>
    (await untilEnd(await submit(runId, settings))).result;

  const alignment = (await resultOf(
    parsed({ kind: "alignment", examples: 20 }),
  )) as AlignmentResult;
  expect(alignment.moments.map((moment) => moment.weight_update)).toEqual([0, ...updates]);
  for (const { network } of alignment.moments) expect(network.cosine).toBeGreaterThan(0);

  const principal = { resolution: 3, directions: "principal" };
  const { trajectory } = (await resultOf(landscape(principal))) as LandscapeResult;
  expect(trajectory?.weight_updates).toEqual([0, ...updates]);
  expect(trajectory?.coordinates.at(-1)).toEqual([0, 0]);
  expect(Math.max(...(trajectory?.coordinates.flat() ?? []))).toBeCloseTo(1, 9);
  const [first = 0, second = 0] = trajectory?.variance_shares ?? [];
  expect(first).toBeGreaterThan(second);
  expect(first + second).toBeGreaterThan(0.9);
});

test("convergence and curvature are told in one result", async () => {
  lab.startWorker({ slots: 1 });
  const runId = await trained();
  const resultOf = async (wire: object): Promise<unknown> =>
    (await untilEnd(await submit(runId, parsed(wire)))).result;
  const phase = (await resultOf({ kind: "phase", examples: 20 })) as PhaseConvergence;
  expect(phase).toMatchObject({ unit: "activity_steps", examples: 20 });
  expect(phase.points.at(-1)?.relative_excess).toBeLessThan(phase.points[0]?.relative_excess ?? 0);
  const curvature = (await resultOf({ kind: "curvature", examples: 50 })) as CurvatureResult;
  expect(curvature.largest?.value).toBeGreaterThan(0);
});

test("a cancelled analysis stops, and keeps the points it has", async () => {
  lab.startWorker({ slots: 1 });
  const id = await submit(await trained(), landscape({ resolution: 101, surface: "energy" }));
  await until(id, "have points", ({ done }) => done > 0);
  await cancelAnalysis(lab.database, { userId: lab.userId, id });
  const ended = await untilEnd(id);
  expect(ended.state).toBe("canceled");
  expect((await pointsOf(id)).length).toBe(ended.done);
});

test("an analysis of a run that diverges fails with the reason", async () => {
  lab.startWorker({ slots: 1 });
  const run = await lab.submitOne(
    smallSpec({ algorithm: "bp", epochs: 5, optimiser: "sgd", learning_rate: 1e9 }),
  );
  const id = await submit(run, landscape());
  const ended = await untilEnd(id);
  expect(ended).toMatchObject({ state: "failed", attempt: 0 });
  expect(ended.reasonDetail).toContain("has no trained network to look at");
});

describe("the same seed", () => {
  test.skipIf(isWithoutNative)(
    `gives the same surface on every engine, to 1e-4${whySkipped}`,
    async () => {
      lab.startWorker({ slots: 1, threads: 2 });
      for (const surface of ["loss", "energy"]) {
        const surfaces: LandscapePoint[][] = [];
        const engines = new Set<string | null>();
        for (const engine of ["reference", "native"]) {
          // Hardly trained, so that the two networks are the same.
          const id = await trained({
            engine,
            weight_updates: 1,
            epochs: null,
            learning_rate: 1e-9,
          });
          const analysis = await submit(id, landscape({ resolution: 9, surface }));
          engines.add((await untilEnd(analysis)).engine);
          surfaces.push(await pointsOf(analysis));
        }
        expect(engines.size).toBe(2);
        const [reference, native] = surfaces;
        expect(reference).toHaveLength(81);
        reference.forEach(({ value, accuracy }, index) => {
          const difference = Math.abs((native[index].value ?? Number.NaN) - (value ?? Number.NaN));
          expect(difference).toBeLessThan(1e-4 * Math.abs(value ?? Number.NaN));
          // One of 50 images may lie on the fence.
          expect(Math.abs((native[index].accuracy ?? 0) - (accuracy ?? 0))).toBeLessThan(0.021);
        });
      }
    },
    120_000,
  );
});
