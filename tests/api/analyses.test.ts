import {
  claimAnalysis,
  recordAnalysisEnd,
  recordAnalysisPoints,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  claimRun,
  registerWorker,
} from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
/** Of ada: one that waits, and one that has succeeded. */
let waiting = "";
let trained = "";

beforeAll(async () => {
  lab = await startTestLab();
  const body = { base: { ...smallBase, algorithm: "bp" }, grid: { seed: [0, 1] } };
  const sweep = (await lab.ada.post("/v1/sweeps", body)).json();
  const runs = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
  [trained, waiting] = runs.map(({ id }: { id: string }) => id);
  await registerWorker(lab.database, {
    id: "wrk_1",
    host: "test",
    pid: 1,
    slots: 1,
    engines: ["reference"],
    version: "0",
  });
  const claimed = await claimRun(lab.database, {
    runId: trained,
    epoch: 0,
    workerId: "wrk_1",
    host: "test",
    slots: 1,
    leaseMs: 60_000,
  });
  const fence = { runId: trained, epoch: claimed?.epoch ?? -1 };
  const bytes = new Uint8Array([1]);
  await recordFirstStep(lab.database, fence, {
    engine: "reference",
    manifest: {},
    numericsChanged: false,
  });
  await recordCheckpoint(
    lab.database,
    fence,
    { attempt: 1, weightUpdate: 5, final: true, kept: false, bytes },
    [],
  );
  await recordEnd(lab.database, fence, { event: "last_step" }, null);
});
afterAll(() => lab.close());

const submit = async (runId: string, body: object = {}) =>
  lab.ada.post(`/v1/runs/${runId}/analyses`, { kind: "landscape", ...body });

describe("an analysis", () => {
  test("is answered with every default, and where to find it", async () => {
    const response = await submit(waiting, { resolution: 3 });
    expect(response.statusCode).toBe(201);
    const body = response.json();
    expect(response.headers["location"]).toBe(`/v1/analyses/${body.id}`);
    expect(body).toMatchObject({
      run_id: waiting,
      kind: "landscape",
      settings: { kind: "landscape", dimensions: 2, resolution: 3, surface: "loss" },
      state: "queued",
      progress: { done: 0, total: 9, fraction: 0 },
      result: null,
    });
    expect((await lab.ada.get(`/v1/analyses/${body.id}`)).json()).toEqual(body);
    const { data } = (await lab.ada.get(`/v1/runs/${waiting}/analyses`)).json();
    expect(data).toEqual([body]);
  });

  test("of a checkpoint names it, and the checkpoint stays", async () => {
    const [checkpoint] = (await lab.ada.get(`/v1/runs/${trained}/checkpoints`)).json().data;
    expect(checkpoint.kept).toBe(false);
    const url = `/v1/checkpoints/${checkpoint.id}`;
    const response = await lab.ada.post(`${url}/analyses`, { kind: "weights" });
    expect(response.statusCode).toBe(201);
    expect(response.json()).toMatchObject({ run_id: trained, checkpoint_id: checkpoint.id });
    expect((await lab.ada.get(url)).json().kept).toBe(true);
    const elsewhere = await lab.ben.post(`${url}/analyses`, { kind: "weights" });
    expect(elsewhere.statusCode).toBe(404);
  });

  test("says beforehand how long it will take", async () => {
    const seconds = async (body: object) =>
      (await submit(trained, { surface: "energy", ...body })).json().estimated_seconds;
    const few = await seconds({ resolution: 3, examples: 10 });
    const many = await seconds({ resolution: 51, examples: 2000 });
    expect(few).toBeGreaterThan(0);
    expect(many).toBeGreaterThan(few);
  });

  test("shows its points as they come, and its result at the end", async () => {
    const { id } = (await submit(trained, { dimensions: 1, resolution: 3 })).json();
    const claimed = await claimAnalysis(lab.database, {
      analysisId: id,
      epoch: 0,
      workerId: "wrk_1",
      leaseMs: 60_000,
    });
    const fence = { analysisId: id, epoch: claimed?.epoch ?? -1 };
    const points = [
      { index: 0, value: 0.5, accuracy: 0.25 },
      { index: 1, value: null, accuracy: 0.1 },
    ];
    await recordAnalysisPoints(lab.database, fence, { engine: "reference/float64", points });
    expect((await lab.ada.get(`/v1/analyses/${id}/points`)).json()).toEqual({
      coordinates: [[-1], [0], [1]],
      value: [0.5, null, null],
      accuracy: [0.25, 0.1, null],
    });
    expect((await lab.ada.get(`/v1/analyses/${id}`)).json()).toMatchObject({
      state: "running",
      engine: "reference/float64",
      progress: { done: 2, total: 3 },
    });
    const waitsForIt = lab.ada.get(`/v1/analyses/${id}?wait=20`);
    const result = { centre: 1 };
    await recordAnalysisEnd(lab.database, fence, { type: "succeeded", engine: "x", result });
    expect((await waitsForIt).json()).toMatchObject({ state: "succeeded", result });
  });

  test.each([
    ["a typo", { kind: "landscape", resolutoin: 5 }, "#/resolutoin"],
    ["an even resolution", { kind: "landscape", resolution: 4 }, "#/resolution"],
    ["a kind that there is not", { kind: "phases" }, "#/kind"],
    [
      "principal directions of no way",
      { kind: "landscape", directions: "principal" },
      "#/directions",
    ],
    ["a number as text", { kind: "landscape", range: "1" }, "#/range"],
    ["a list", [], "#"],
  ])("with %s is refused at its field, and nothing is stored", async (_, body, pointer) => {
    const before = await lab.database.prisma.analysis.count();
    const response = await lab.ada.post(`/v1/runs/${waiting}/analyses`, body);
    expect(response.statusCode).toBe(422);
    const { errors } = response.json();
    expect(errors.map((problem: { pointer: string }) => problem.pointer)).toContain(pointer);
    expect(await lab.database.prisma.analysis.count()).toBe(before);
  });

  test("of a run that was cancelled is refused", async () => {
    const body = { base: { ...smallBase, algorithm: "bp" } };
    const sweep = (await lab.ada.post("/v1/sweeps", body)).json();
    const [run] = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
    await lab.ada.post(`/v1/runs/${run.id}/cancel`);
    const response = await submit(run.id);
    expect(response.statusCode).toBe(409);
    expect(response.json()).toMatchObject({ code: "state_conflict" });
    expect(response.json().detail).toContain("has no trained network");
  });

  test("is cancelled once; then nothing changes; an ended one cannot be", async () => {
    const { id } = (await submit(waiting)).json();
    const cancel = (analysis: string) => lab.ada.post(`/v1/analyses/${analysis}/cancel`);
    expect((await cancel(id)).statusCode).toBe(202);
    const again = await cancel(id);
    expect(again.statusCode).toBe(200);
    expect(again.json()).toMatchObject({ state: "canceled", reason: "user" });
    const ended = await lab.database.prisma.analysis.findFirst({ where: { state: "succeeded" } });
    expect((await cancel(ended?.id ?? "")).statusCode).toBe(409);
  });

  test("of another user is not there: to submit, to read, to cancel", async () => {
    const { id } = (await submit(waiting)).json();
    const { ben } = lab;
    const answers = await Promise.all([
      ben.post(`/v1/runs/${waiting}/analyses`, { kind: "landscape" }),
      ben.get(`/v1/runs/${waiting}/analyses`),
      ben.get(`/v1/analyses/${id}`),
      ben.get(`/v1/analyses/${id}/points`),
      ben.post(`/v1/analyses/${id}/cancel`),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 404, 404]);
    expect((await lab.ada.get(`/v1/analyses/${id}`)).json().state).toBe("queued");
  });
});
