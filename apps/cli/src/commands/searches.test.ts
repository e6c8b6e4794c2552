/** What commands say of sweeps whose search makes runs, and of runs that wait at a rung. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../runCli.js";

const sweep = {
  id: "swp_1",
  name: "tpe of bp_4_2",
  state: "active",
  run_count: 10,
  planned_run_count: 50,
  counts: { queued: 4, waiting_search: 0, succeeded: 6 },
  analyses: {},
  priority_class: "normal",
  priority: 0,
  shared: false,
  tags: [],
  notes: "",
  created_at: "2026-01-01T00:00:00.000Z",
  deleted_at: null,
};

const runOf = (id: string, state: string) => ({
  id,
  sweep_id: "swp_1",
  name: "bp_4_2",
  state,
  reason: null,
  reason_detail: null,
  allowed_actions: ["cancel"],
  engine: null,
  numerics_changed: [],
  spec: {},
  tags: [],
  notes: "",
  duplicate_of: null,
  results_of: null,
  progress: {
    epoch: 1,
    weight_updates: 1,
    total_weight_updates: 9,
    fraction: 1 / 9,
    seconds_left: null,
  },
  queue: null,
  metrics: {},
  created_at: "2026-01-01T00:00:00.000Z",
  started_at: null,
  finished_at: null,
});

const SENTENCE = "It waits at epoch 1 for the other runs of its sweep.";

const ANSWERS: Record<string, unknown> = {
  "POST /v1/sweeps": sweep,
  "GET /v1/sweeps/swp_1": sweep,
  "GET /v1/sweeps/swp_1/runs?limit=50": { data: [], has_more: false },
  ...Object.fromEntries(
    [["run_1", "waiting_search"] as const, ["run_2", "running"] as const].flatMap(([id, state]) => [
      [`GET /v1/runs/${id}`, runOf(id, state)],
      [`GET /v1/runs/${id}/metrics?name=validation_accuracy`, { data: [] }],
      [`GET /v1/runs/${id}/attempts`, { data: [] }],
    ]),
  ),
  "GET /v1/queue/explain?run=run_1": { sentence: SENTENCE },
};

const server = createServer((request, response) => {
  const answer = ANSWERS[`${request.method} ${request.url}`];
  response.writeHead(answer === undefined ? 500 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer ?? {}));
});
beforeAll(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening)));
afterAll(() => new Promise((closed) => server.close(closed)));

const pclab = async (argv: readonly string[], input = "") => {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const status = await runCli({
    argv,
    environment: { LAB: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    cwd: "/",
    input: new PassThrough().end(input),
    output,
    errors,
    signal: new AbortController().signal,
  });
  output.end();
  errors.end();
  return { status, output: await text(output), errors: await text(errors) };
};

test("submit says how many runs there will be", async () => {
  expect(await pclab(["submit", "-"], "tpe: {samples: 50}")).toEqual({
    status: 0,
    output: "swp_1\n",
    errors: "tpe of bp_4_2: 50 runs; pclab watch swp_1\n",
  });
});

test("show of a sweep counts the runs to come", async () => {
  const { output } = await pclab(["show", "swp_1"]);
  expect(output).toMatch(/^runs +4 queued, 6 succeeded, 40 to come$/m);
});

test("show of a run at a rung says what it waits for; of one that runs, nothing is asked", async () => {
  const { output } = await pclab(["show", "run_1"]);
  expect(output).toMatch(/^state +waiting_search$/m);
  expect(output).toContain(SENTENCE);
  const running = await pclab(["show", "run_2"]);
  expect(running).toMatchObject({ status: 0, errors: "" });
  expect(running.output).not.toMatch(/^waits/m);
});
