import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

const body = { base: smallBase, grid: { algorithm: ["bp", "pc_rc23"], seed: [0, 1] } };

const storedRuns = () => lab.database.prisma.run.count();

describe("POST /v1/sweeps", () => {
  test("stores the sweep and its runs and says where it is", async () => {
    const response = await lab.ada.post("/v1/sweeps", body);
    expect(response.statusCode).toBe(201);
    const sweep = response.json();
    expect(sweep).toMatchObject({
      state: "active",
      run_count: 4,
      counts: { queued: 4 },
      name: "bp_4_2",
    });
    expect(response.headers["location"]).toBe(`/v1/sweeps/${sweep.id}`);

    const fetched = await lab.ada.get(`/v1/sweeps/${sweep.id}/`);
    expect(fetched.json()).toEqual(sweep);
    const runs = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json();
    expect(runs.data.map(({ name }: { name: string }) => name)).toEqual([
      "bp_4_2",
      "bp_4_2",
      "pc_4_2_rc23",
      "pc_4_2_rc23",
    ]);
    expect(runs.data[3]).toMatchObject({
      state: "queued",
      index: 3,
      spec: { seed: 1, inference: { update_every: 8 }, variance: { train_output: true } },
      queue: { position: 4, eta: null },
      progress: { fraction: 0, total_weight_updates: 32 },
    });
  });

  test("reads YAML as well as JSON", async () => {
    const response = await lab.ada.request({
      method: "POST",
      url: "/v1/sweeps",
      headers: { "content-type": "application/yaml" },
      payload: `
name: from yaml
base: &base {width: 4, depth: 2, train_size: 40, validation_size: 20, test_size: 20, epochs: 1}
grid: {algorithm: [bp, pc]}
`,
    });
    expect(response.json()).toMatchObject({ name: "from yaml", run_count: 2 });
  });

  test("with dry_run shows every run with its defaults and stores nothing", async () => {
    const before = await storedRuns();
    const response = await lab.ada.post("/v1/sweeps?dry_run=true", body);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ dry_run: true, run_count: 4, estimated_seconds: null });
    expect(response.json().runs[0].spec).toMatchObject({
      algorithm: "bp",
      learning_rate: 0.001,
      activation: "tanh",
    });
    expect(await storedRuns()).toBe(before);
  });

  test("of 10,000 runs is stored whole", async () => {
    const seeds = Array.from({ length: 10_000 }, (_, seed) => seed);
    const response = await lab.ada.post("/v1/sweeps", {
      base: { ...smallBase, algorithm: "bp" },
      grid: { seed: seeds },
    });
    expect(response.json()).toMatchObject({ run_count: 10_000 });
    const { id } = response.json();
    const last = await lab.database.prisma.run.findFirst({
      where: { sweepId: id },
      orderBy: { id: "desc" },
    });
    expect(last).toMatchObject({ indexInSweep: 9_999, spec: { seed: 9_999 } });
    expect((await lab.ada.post(`/v1/sweeps/${id}/cancel`)).json()).toMatchObject({
      state: "canceled",
      counts: { canceled: 10_000 },
    });
  });
});

describe("an Idempotency-Key", () => {
  const post = (key: string, payload: object, client = lab.ada) =>
    client.request({
      method: "POST",
      url: "/v1/sweeps",
      headers: { "idempotency-key": key },
      payload,
    });

  test("replays the first answer to the same body, whatever the order of its keys", async () => {
    const first = await post("k-1", body);
    const before = await storedRuns();
    const again = await post("k-1", { grid: body.grid, base: body.base });
    expect(again.statusCode).toBe(201);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(again.json()).toEqual(first.json());
    expect(again.headers["location"]).toBe(first.headers["location"]);
    expect(await storedRuns()).toBe(before);
  });

  test("is refused with another body, and belongs to one user", async () => {
    await post("k-2", body);
    const other = await post("k-2", { ...body, name: "another" });
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ code: "idempotency_key_reused" });
    expect((await post("k-2", { ...body, name: "another" }, lab.ben)).statusCode).toBe(201);
  });

  test("stores one sweep however many requests race", async () => {
    const before = await lab.database.prisma.sweep.count();
    const responses = await Promise.all(Array.from({ length: 8 }, () => post("k-race", body)));
    const codes = responses.map(({ statusCode }) => statusCode);
    expect(codes.filter((code) => code === 201).length).toBeGreaterThanOrEqual(1);
    expect(codes.every((code) => code === 201 || code === 409)).toBe(true);
    expect(await lab.database.prisma.sweep.count()).toBe(before + 1);
  });
});

describe("GET /v1/runs/{id}/metrics", () => {
  test("gives the rows asked for, their units, and the time to 90 % of the last validation accuracy", async () => {
    const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
    const [run] = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json().data;
    const rows = [
      [5, "train_seconds", 0, 1],
      [5, "validation_accuracy", 0, 0.5],
      [9, "train_seconds", 0, 2],
      [9, "validation_accuracy", 0, 1],
      [9, "weight_movement", 2, 0.25],
    ] as const;
    await lab.database.prisma.metric.createMany({
      data: rows.map(([weightUpdate, name, layer, value]) => ({
        runId: run.id,
        weightUpdate,
        name,
        layer,
        value,
      })),
    });
    const all = (await lab.ada.get(`/v1/runs/${run.id}/metrics`)).json();
    expect(all.data).toHaveLength(rows.length);
    expect(all.derived.seconds_to_90).toBeCloseTo(1.8, 12);
    const some = (await lab.ada.get(`/v1/runs/${run.id}/metrics?name=weight_movement`)).json();
    expect(some).toMatchObject({
      data: [{ weight_update: 9, name: "weight_movement", layer: 2, value: 0.25 }],
      units: { weight_movement: "ratio" },
    });
    expect(Object.keys(some.units)).toEqual(["weight_movement"]);
  });
});

describe("lists", () => {
  test("page by cursor without gap or double, with a Link to the next page", async () => {
    const ids: string[] = [];
    let url: string | null = "/v1/runs?limit=7&state=queued";
    while (url !== null) {
      const page = await lab.ada.get(url);
      ids.push(...page.json().data.map(({ id }: { id: string }) => id));
      const link = /<([^>]+)>; rel="next"/.exec(String(page.headers["link"] ?? ""));
      expect(link !== null).toBe(page.json().has_more);
      url = link?.[1] ?? null;
    }
    const stored = await lab.database.prisma.run.findMany({
      where: { userId: lab.ada.userId, state: "queued" },
      orderBy: { id: "asc" },
    });
    expect(ids).toEqual(stored.map(({ id }) => id));
    expect(ids.length).toBeGreaterThan(7);
  });

  test("GET /v1/queue shows the user's own runs in their order", async () => {
    const queue = (await lab.ben.get("/v1/queue")).json();
    expect(
      queue.next.every(
        ({ name }: { name: string }) => name.endsWith("_4_2") || name.endsWith("rc23"),
      ),
    ).toBe(true);
    const positions = queue.next.map(({ position }: { position: number }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(queue.queued).toBeGreaterThan(queue.next.length);
    expect(queue.workers).toBe(0);
  });
});

describe("cancel", () => {
  test("ends a queued run at once; repeating it changes nothing", async () => {
    const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
    const [run] = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json().data;
    const first = await lab.ada.post(`/v1/runs/${run.id}/cancel`);
    expect([first.statusCode, first.json().state, first.json().reason]).toEqual([
      202,
      "canceled",
      "user",
    ]);
    const again = await lab.ada.post(`/v1/runs/${run.id}/cancel`);
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    expect((await lab.ada.get(`/v1/sweeps/${id}`)).json()).toMatchObject({
      state: "active",
      counts: { canceled: 1 },
    });
  });

  test("of a run that has ended is a conflict that says what is allowed", async () => {
    const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
    const [run] = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json().data;
    await lab.database.prisma.run.update({
      where: { id: run.id },
      data: { state: "succeeded", finishedAt: new Date() },
    });
    const response = await lab.ada.post(`/v1/runs/${run.id}/cancel`);
    expect(response.statusCode).toBe(409);
    expect(response.json()).toMatchObject({
      code: "state_conflict",
      state: "succeeded",
      allowed_actions: [],
    });
  });

  test("of a sweep wakes a long poll that waits for it", async () => {
    const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
    const waiting = lab.ada.get(`/v1/sweeps/${id}?wait=20&until=terminal`);
    expect((await lab.ada.post(`/v1/sweeps/${id}/cancel`)).statusCode).toBe(202);
    expect((await waiting).json()).toMatchObject({
      state: "canceled",
      counts: { canceled: 4 },
      poll_after_ms: null,
    });
    expect((await lab.ada.post(`/v1/sweeps/${id}/cancel`)).statusCode).toBe(200);
  });

  test("a long poll's time runs out with the present state", async () => {
    const { id } = (await lab.ada.post("/v1/sweeps", body)).json();
    expect((await lab.ada.get(`/v1/sweeps/${id}?wait=0.3`)).json()).toMatchObject({
      state: "active",
    });
  });
});

describe("a preset", () => {
  const small = {
    width: 4,
    depth: 2,
    train_size: 40,
    validation_size: 20,
    test_size: 20,
    epochs: 1,
  };

  test("is planned with its analyses and the time that they will take", async () => {
    const plan = (
      await lab.ada.post("/v1/sweeps?dry_run=true", {
        preset: "paper",
        scale: "smoke",
        base: small,
      })
    ).json();
    expect(plan).toMatchObject({ name: "paper, smoke", run_count: 9, estimate_basis: "assumed" });
    expect(plan.analysis_count).toBe(
      plan.runs.flatMap(({ analyses }: { analyses: object[] }) => analyses).length,
    );
    expect(plan.analysis_count).toBeGreaterThan(20);
    expect(plan.estimated_slot_seconds).toBeGreaterThan(1);
    const figure3 = { preset: "figure-3", scale: "smoke", base: small };
    const figure = (await lab.ada.post("/v1/sweeps?dry_run=true", figure3)).json();
    expect(figure).toMatchObject({ run_count: 5, analysis_count: 0 });
  });

  test("is stored with its analyses, which wait for their runs", async () => {
    const response = await lab.ada.post("/v1/sweeps", {
      preset: "figure-5",
      scale: "smoke",
      base: small,
    });
    expect(response.statusCode).toBe(201);
    const sweep = response.json();
    expect(sweep).toMatchObject({ run_count: 5, analyses: { queued: 5, running: 0 } });
    const [run] = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
    const { data } = (await lab.ada.get(`/v1/runs/${run.id}/analyses`)).json();
    expect(data).toMatchObject([{ kind: "weights", state: "queued", settings: { bins: 101 } }]);
    expect(data[0].estimated_seconds).toBeGreaterThan(0);
  });

  test("that is not known is refused with the names that are", async () => {
    const before = await storedRuns();
    const response = await lab.ada.post("/v1/sweeps", { preset: "figure-1" });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors[0]).toMatchObject({ pointer: "#/preset" });
    expect(await storedRuns()).toBe(before);
  });

  test("is on the list, with its runs at each scale", async () => {
    const { data } = (await lab.ada.get("/v1/presets")).json();
    expect(data.at(-1)).toEqual({
      name: "paper",
      scales: [
        { scale: "smoke", run_count: 9 },
        { scale: "short", run_count: 57 },
        { scale: "full", run_count: 120 },
      ],
    });
  });
});
