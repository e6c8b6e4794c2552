/** What users ask of runs and sweeps: cancel, pause, resume, retry, clone, delete, restore; and what they change of them. */
import { recordEnd, recordFirstStep } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

const submit = async (count = 1, extra: object = {}) => {
  const seeds = Array.from({ length: count }, (_, seed) => seed);
  const response = await lab.ada.post("/v1/sweeps", {
    base: { ...smallBase, algorithm: "bp" },
    grid: { seed: seeds },
    ...extra,
  });
  expect(response.statusCode).toBe(201);
  const { id } = response.json();
  const { data } = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json();
  return { id: id as string, runs: data as { id: string }[] };
};

const fail = async (runId: string): Promise<void> => {
  const fence = await claimForTest(lab, runId);
  await recordFirstStep(lab.database, fence, {
    engine: "reference",
    manifest: {},
    numericsChanged: false,
  });
  await recordEnd(
    lab.database,
    fence,
    { event: "fault", reason: "diverged", detail: "NaN at step 3" },
    null,
  );
};

describe("a run", () => {
  test("is paused and resumed; asking again changes nothing; what cannot be done is a 409 that says what can", async () => {
    const { runs } = await submit();
    const url = `/v1/runs/${runs[0].id}`;
    const paused = await lab.ada.post(`${url}/pause`);
    expect(paused.statusCode).toBe(202);
    expect(paused.json()).toMatchObject({
      state: "paused",
      reason: "user",
      allowed_actions: ["cancel", "resume"],
      queue: null,
    });
    expect((await lab.ada.post(`${url}/pause`)).statusCode).toBe(200);
    const retried = await lab.ada.post(`${url}/retry`);
    expect(retried.statusCode).toBe(409);
    expect(retried.json()).toMatchObject({
      code: "state_conflict",
      state: "paused",
      allowed_actions: ["cancel", "resume"],
    });
    const resumed = await lab.ada.post(`${url}/resume`);
    expect(resumed.statusCode).toBe(202);
    expect(resumed.json()).toMatchObject({ state: "queued", reason: null });
    expect((await lab.ada.post(`${url}/resume`)).statusCode).toBe(200);
  });

  test("that failed is tried again under its id, and its sweep with it", async () => {
    const { id, runs } = await submit(2);
    await fail(runs[0].id);
    await lab.ada.post(`/v1/runs/${runs[1].id}/cancel`);
    expect((await lab.ada.get(`/v1/sweeps/${id}`)).json()).toMatchObject({
      state: "failed",
      allowed_actions: ["retry"],
    });
    const retried = await lab.ada.post(`/v1/sweeps/${id}/retry`);
    expect(retried.statusCode).toBe(202);
    // What was cancelled was not wanted.
    expect(retried.json().counts).toMatchObject({ queued: 1, canceled: 1 });
    expect((await lab.ada.post(`/v1/sweeps/${id}/retry`)).statusCode).toBe(200);
    expect((await lab.ada.post(`/v1/runs/${runs[1].id}/retry`)).json()).toMatchObject({
      id: runs[1].id,
      state: "queued",
      attempt: 0,
    });
  });

  test("is cloned with fields laid over its spec", async () => {
    const { runs } = await submit();
    const clone = await lab.ada.post(`/v1/runs/${runs[0].id}/clone`, { seed: 9 });
    expect(clone.statusCode).toBe(201);
    expect(clone.json()).toMatchObject({ spec: { width: 4, seed: 9 }, duplicate_of: null });
    expect(clone.headers.location).toBe(`/v1/runs/${clone.json().id}`);
    const wrong = await lab.ada.post(`/v1/runs/${runs[0].id}/clone`, { learning_rate: -1 });
    expect(wrong.statusCode).toBe(422);
    expect(wrong.json().errors).toMatchObject([{ pointer: "#/learning_rate", code: "minimum" }]);
  });

  test("is submitted alone, once per Idempotency-Key", async () => {
    const payload = { ...smallBase, algorithm: "pc", seed: 77 };
    const post = () =>
      lab.ada.request({
        method: "POST",
        url: "/v1/runs",
        payload,
        headers: { "idempotency-key": "one" },
      });
    const first = await post();
    expect(first.statusCode).toBe(201);
    const second = await post();
    expect(second.headers["idempotency-replayed"]).toBe("true");
    expect(second.json().id).toBe(first.json().id);
    const wrong = await lab.ada.post("/v1/runs", { algoritm: "pc" });
    expect(wrong.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toContain(
      "#/algoritm",
    );
  });

  test("has tags and notes that its owner changes, if it is still as it was read", async () => {
    const { runs } = await submit();
    const url = `/v1/runs/${runs[0].id}`;
    const read = await lab.ada.get(url);
    const etag = String(read.headers.etag);
    const patch = (payload: object, match = etag) =>
      lab.ada.request({ method: "PATCH", url, payload, headers: { "if-match": match } });
    const changed = await patch({ tags: ["keep"], notes: "looks odd" });
    expect(changed.json()).toMatchObject({ tags: ["keep"], notes: "looks odd" });
    const late = await patch({ notes: "never" });
    expect(late.statusCode).toBe(412);
    expect(late.json()).toMatchObject({ code: "precondition_failed" });
    expect((await patch({ notes: "again" }, String(changed.headers.etag))).statusCode).toBe(200);
    expect((await patch({ notes: "x" }, "nonsense")).statusCode).toBe(412);
    const wrong = await lab.ada.request({
      method: "PATCH",
      url,
      payload: { tags: ["a b"], no: 1 },
    });
    expect(wrong.statusCode).toBe(422);
    expect(wrong.json().errors).toHaveLength(2);
  });

  test("is answered with 304 while it is as it was", async () => {
    const { runs } = await submit();
    const url = `/v1/runs/${runs[0].id}`;
    await lab.ada.post(`${url}/pause`);
    const { headers } = await lab.ada.get(url);
    const conditional = { "if-none-match": String(headers.etag) };
    expect((await lab.ada.request({ url, headers: conditional })).statusCode).toBe(304);
    await lab.ada.post(`${url}/cancel`);
    expect((await lab.ada.request({ url, headers: conditional })).statusCode).toBe(200);
  });
});

describe("a sweep", () => {
  test("is paused and resumed whole", async () => {
    const { id } = await submit(3);
    expect((await lab.ada.post(`/v1/sweeps/${id}/pause`)).json()).toMatchObject({
      state: "paused",
      counts: { paused: 3 },
    });
    expect((await lab.ada.post(`/v1/sweeps/${id}/pause`)).statusCode).toBe(200);
    expect((await lab.ada.post(`/v1/sweeps/${id}/resume`)).json()).toMatchObject({
      state: "active",
      counts: { queued: 3 },
    });
  });

  test("is shared with the lab to look at, and not to change", async () => {
    const { id, runs } = await submit();
    const url = `/v1/sweeps/${id}`;
    expect((await lab.ben.get(url)).statusCode).toBe(404);
    const patched = await lab.ada.request({
      method: "PATCH",
      url,
      payload: { shared: true, tags: ["paper"], priority: 5, priority_class: "scavenger" },
    });
    expect(patched.json()).toMatchObject({
      shared: true,
      priority: 5,
      priority_class: "scavenger",
    });
    expect((await lab.ben.get(url)).statusCode).toBe(200);
    expect((await lab.ben.get(`/v1/runs/${runs[0].id}/metrics`)).statusCode).toBe(200);
    expect((await lab.ben.get("/v1/sweeps?user=all&tag=paper")).json().data).toHaveLength(1);
    expect((await lab.ben.get("/v1/sweeps?user=ada")).json().data).toHaveLength(1);
    expect((await lab.ben.get("/v1/sweeps")).json().data).toEqual([]);
    for (const [method, path] of [
      ["POST", `${url}/cancel`],
      ["POST", `/v1/runs/${runs[0].id}/cancel`],
      ["PATCH", url],
      ["DELETE", url],
      ["PATCH", `/v1/runs/${runs[0].id}`],
      ["POST", `/v1/runs/${runs[0].id}/analyses`],
    ] as const) {
      const { statusCode } = await lab.ben.request({ method, url: path, payload: {} });
      expect(statusCode, `${method} ${path}`).toBe(404);
    }
  });

  test("of anybody is stopped by whoever runs the lab", async () => {
    const { id } = await submit();
    expect((await lab.admin.post(`/v1/sweeps/${id}/cancel`)).statusCode).toBe(202);
  });

  test("that has ended is deleted, restored, deleted; one that has not is refused", async () => {
    const { id, runs } = await submit();
    const url = `/v1/sweeps/${id}`;
    const remove = () => lab.ada.request({ method: "DELETE", url });
    const early = await remove();
    expect(early.statusCode).toBe(409);
    expect(early.json().detail).toContain("cancel first");
    await lab.ada.post(`${url}/cancel`);
    expect((await remove()).statusCode).toBe(204);
    expect((await lab.ada.get(url)).statusCode).toBe(404);
    expect((await lab.ada.get(`/v1/runs/${runs[0].id}`)).statusCode).toBe(404);
    expect((await lab.ben.post(`${url}/restore`)).statusCode).toBe(404);
    const deleted = (await lab.ada.get("/v1/sweeps?deleted=true")).json().data;
    expect(deleted.map((sweep: { id: string }) => sweep.id)).toEqual([id]);
    expect((await lab.ada.post(`${url}/restore`)).statusCode).toBe(202);
    expect((await lab.ada.get(`/v1/runs/${runs[0].id}`)).statusCode).toBe(200);
  });
});

describe("runs that were submitted before", () => {
  test("are told of, refused, or given the results of the one that was trained", async () => {
    const seed = 4242;
    const first = await submit(1, {
      base: { ...smallBase, algorithm: "pc" },
      grid: { seed: [seed] },
    });
    const body = { base: { ...smallBase, algorithm: "pc", seed } };
    const again = await lab.ada.post("/v1/sweeps", body);
    const [repeated] = (await lab.ada.get(`/v1/sweeps/${again.json().id}/runs`)).json().data;
    expect(repeated).toMatchObject({ state: "queued", duplicate_of: first.runs[0].id });
    const refused = await lab.ada.post("/v1/sweeps", { ...body, on_duplicate: "error" });
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({
      code: "duplicate_runs",
      duplicates: [{ index: 0, run_id: first.runs[0].id }],
    });
    // Nothing to take over yet: it is trained.
    const waiting = await lab.ada.post("/v1/sweeps", { ...body, on_duplicate: "reuse" });
    expect(waiting.json().counts).toMatchObject({ queued: 1, succeeded: 0 });
    const fence = await claimForTest(lab, first.runs[0].id);
    await recordFirstStep(lab.database, fence, {
      engine: "reference",
      manifest: {},
      numericsChanged: false,
    });
    await recordEnd(lab.database, fence, { event: "last_step" }, null);
    const reused = await lab.ada.post("/v1/sweeps", { ...body, on_duplicate: "reuse" });
    expect(reused.json()).toMatchObject({ state: "completed", counts: { succeeded: 1 } });
    const [run] = (await lab.ada.get(`/v1/sweeps/${reused.json().id}/runs`)).json().data;
    expect(run).toMatchObject({
      state: "succeeded",
      results_of: first.runs[0].id,
      engine: "reference",
    });
    // Another's run of the same spec is none of ben's.
    const bens = await lab.ben.post("/v1/sweeps", { ...body, on_duplicate: "error" });
    expect(bens.statusCode).toBe(201);
  });
});
