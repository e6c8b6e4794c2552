/** Users, tokens, workers, the audit log, limits: what the lab's own work is. */
import { beatWorker, registerWorker } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

const as = (token: string, url = "/v1/me/usage") =>
  lab.app.inject({ url, headers: { authorization: `Bearer ${token}` } });

describe("an admin", () => {
  test("adds a user with a part of the lab, and makes their first token", async () => {
    const made = await lab.admin.post("/v1/users", { name: "cleo", weight: 3, hard_limit: 2 });
    expect(made.statusCode).toBe(201);
    const { id } = made.json();
    const token = await lab.admin.post("/v1/tokens", {
      name: "first",
      scope: "submit",
      user_id: id,
    });
    expect(token.statusCode).toBe(201);
    expect(token.headers["cache-control"]).toBe("no-store");
    const usage = await as(token.json().token);
    expect(usage.json()).toMatchObject({
      user: { name: "cleo" },
      scope: "submit",
      weight: 3,
      hard_limit: 2,
      slots_in_use: 0,
    });
    const taken = await lab.admin.post("/v1/users", { name: "cleo" });
    expect(taken.statusCode).toBe(409);
    expect(taken.json()).toMatchObject({ code: "name_taken" });
    const wrong = await lab.admin.post("/v1/users", { name: "1 2", weight: 0, colour: "red" });
    expect(wrong.statusCode).toBe(422);
    expect(wrong.json().errors).toHaveLength(3);
  });

  test("disables a user, whose tokens then open nothing until they are enabled", async () => {
    const { id } = (await lab.admin.post("/v1/users", { name: "dan" })).json();
    const { token } = (
      await lab.admin.post("/v1/tokens", { name: "x", scope: "read", user_id: id })
    ).json();
    const patch = (payload: object) =>
      lab.admin.request({ method: "PATCH", url: `/v1/users/${id}`, payload });
    expect((await as(token)).statusCode).toBe(200);
    expect((await patch({ disabled: true })).json()).toMatchObject({ disabled: true });
    expect((await as(token)).statusCode).toBe(401);
    expect((await patch({ disabled: false, soft_limit: 4 })).json()).toMatchObject({
      soft_limit: 4,
    });
    expect((await as(token)).statusCode).toBe(200);
  });
});

describe("a token", () => {
  test("is rotated and revoked by its user, and shown never again", async () => {
    const made = (await lab.ada.post("/v1/tokens", { name: "laptop", scope: "read" })).json();
    const list = await lab.ada.get("/v1/tokens");
    expect(list.body).not.toContain(made.token);
    expect(lab.logLines.join("")).not.toContain(made.token);
    const rotated = (await lab.ada.post(`/v1/tokens/${made.id}/rotate`)).json();
    expect((await as(made.token)).statusCode).toBe(401);
    expect((await as(rotated.token)).statusCode).toBe(200);
    const revoked = await lab.ada.request({ method: "DELETE", url: `/v1/tokens/${rotated.id}` });
    expect(revoked.json().revoked_at).not.toBeNull();
    expect((await as(rotated.token)).statusCode).toBe(401);
    expect((await lab.ada.post(`/v1/tokens/${rotated.id}/rotate`)).statusCode).toBe(409);
    expect((await lab.admin.get("/v1/tokens?user=all")).json().data.length).toBeGreaterThan(3);
  });
});

test("every change has an entry in the audit log; looking, dry runs and what was refused have none", async () => {
  const before = (await lab.admin.get("/v1/audit")).json().data.length;
  const body = { base: { ...smallBase, algorithm: "bp" } };
  await lab.ada.get("/v1/runs");
  await lab.ada.post("/v1/sweeps?dry_run=true", body);
  await lab.ada.post("/v1/sweeps", { base: {} });
  const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
  const cancel = await lab.ada.post(`/v1/sweeps/${id}/cancel`);
  const { data } = (await lab.admin.get("/v1/audit")).json();
  expect(data).toHaveLength(before + 2);
  expect(data[0]).toMatchObject({
    user_id: lab.ada.userId,
    method: "POST",
    route: "/v1/sweeps/:id/cancel",
    path: `/v1/sweeps/${id}/cancel`,
    status: 202,
    request_id: cancel.headers["x-request-id"],
  });
});

test("workers are listed with their slots, and drained by whoever runs the lab", async () => {
  await registerWorker(lab.database, {
    id: "wrk_one",
    host: "here",
    pid: 1,
    slots: 2,
    engines: ["native", "reference"],
    version: "0",
  });
  const [worker] = (await lab.ada.get("/v1/workers")).json().data;
  expect(worker).toMatchObject({ id: "wrk_one", state: "working", slots: { total: 2, busy: 0 } });
  const drained = await lab.admin.post("/v1/workers/wrk_one/drain");
  expect(drained.statusCode).toBe(202);
  expect(drained.json()).toMatchObject({ state: "draining" });
  expect((await lab.admin.post("/v1/workers/wrk_one/drain")).statusCode).toBe(200);
  expect(await beatWorker(lab.database, "wrk_one", { draining: false })).toEqual({
    drainRequested: true,
  });
  expect((await lab.ada.get("/v1/queue")).json()).toMatchObject({ slots: { total: 0 } });
  expect((await lab.admin.post("/v1/workers/wrk_one/undrain")).json()).toMatchObject({
    state: "working",
  });
  expect((await lab.admin.post("/v1/workers/none/drain")).statusCode).toBe(404);
});

test("a user who asks too often is told to wait, and nobody else is", async () => {
  await lab.admin.request({
    method: "PATCH",
    url: `/v1/users/${lab.ben.userId}`,
    payload: { requests_per_minute: 5 },
  });
  const answers = [];
  for (let request = 0; request < 7; request++) answers.push(await lab.ben.get("/v1/queue"));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const last = answers.at(-1);
  expect(last?.json()).toMatchObject({ code: "rate_limited", status: 429 });
  expect(Number(last?.headers["retry-after"])).toBeGreaterThan(0);
  expect((await lab.ada.get("/v1/queue")).statusCode).toBe(200);
});
