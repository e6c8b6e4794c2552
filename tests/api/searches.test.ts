/** Searches as they are submitted: what is planned, what is refused and where, and how a sweep shows what is to come. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";
import { recordEnd, recordFirstStep, recordMetrics } from "@pclab/storage";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

const base = { ...smallBase, algorithm: "bp", epochs: 9 };
const learning_rate = { log_uniform: [1e-5, 1e-1] };
const tpe = { samples: 20, startup: 5, learning_rate };
const stop_early = { asha: { min_epochs: 1 } };

const plan = async (body: object) => {
  const response = await lab.ada.post("/v1/sweeps?dry_run=true", body);
  expect(response.statusCode, response.body).toBe(200);
  return response.json();
};

describe("a plan", () => {
  test("of a search says how many runs it will make, shows those it begins with, and forecasts them all", async () => {
    const searched = await plan({ base, tpe });
    expect(searched).toMatchObject({ run_count: 20, name: "tpe of bp_4_2" });
    expect(searched.runs).toHaveLength(5);
    // Its first runs are those of random search from the same seed.
    const random = await plan({ base, random: { samples: 5, learning_rate } });
    expect(searched.runs).toEqual(random.runs);
    const ratio = searched.estimated_slot_seconds / random.estimated_slot_seconds;
    expect(ratio).toBeCloseTo(4, 9);
  });

  test("of halving counts what is pruned as trained to where it is pruned", async () => {
    const grid = { seed: Array.from({ length: 9 }, (_, seed) => seed) };
    const whole = await plan({ base, grid });
    const halved = await plan({ base, grid, stop_early });
    expect(halved.run_count).toBe(9);
    // Nine for one epoch, three for two more, one for the last six, of 81 epochs.
    const share = halved.estimated_slot_seconds / whole.estimated_slot_seconds;
    expect(share).toBeCloseTo((9 + 6 + 6) / 81, 9);
  });

  test("of fewer samples than the search begins with has no more", async () => {
    expect(await plan({ base, tpe: { samples: 2, learning_rate } })).toMatchObject({
      run_count: 2,
    });
  });
});

test("a stored search shows the runs that are there and those that are planned", async () => {
  const response = await lab.ada.post("/v1/sweeps", { base, tpe });
  expect(response.statusCode).toBe(201);
  const { id } = response.json();
  const sweep = (await lab.ada.get(`/v1/sweeps/${id}`)).json();
  expect(response.json()).toEqual(sweep);
  expect(sweep).toMatchObject({ state: "active", run_count: 5, planned_run_count: 20 });
  const { data } = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json();
  expect(data[0]).toMatchObject({ stop_after_epochs: null, state: "queued" });
  const deleted = await lab.ada.request({ method: "DELETE", url: `/v1/sweeps/${id}` });
  expect(deleted.statusCode).toBe(409);
  expect((await lab.ada.post(`/v1/sweeps/${id}/cancel`)).json()).toMatchObject({
    state: "canceled",
    planned_run_count: 5,
  });
});

test("a run that waits at a rung says so, and can be cancelled but neither paused nor resumed", async () => {
  const { id } = (
    await lab.ada.post("/v1/sweeps", { base, grid: { seed: [0, 1] }, stop_early })
  ).json();
  const [run] = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json().data;
  expect(run).toMatchObject({ stop_after_epochs: 1 });
  const fence = await claimForTest(lab, run.id);
  const step = { engine: "reference", manifest: {}, numericsChanged: false };
  await recordFirstStep(lab.database, fence, step);
  await recordMetrics(lab.database, fence, [
    { weightUpdate: 1, name: "validation_accuracy", layer: null, value: 0.5 },
  ]);
  await recordEnd(lab.database, fence, { event: "rung_reached" }, null);
  const waiting = (await lab.ada.get(`/v1/runs/${run.id}`)).json();
  expect(waiting).toMatchObject({
    state: "waiting_search",
    reason: null,
    allowed_actions: ["cancel"],
    queue: null,
  });
  for (const action of ["pause", "resume", "retry"]) {
    const refused = await lab.ada.post(`/v1/runs/${run.id}/${action}`);
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({ code: "state_conflict", allowed_actions: ["cancel"] });
  }
  const { sentence } = (await lab.ada.get(`/v1/queue/explain?run=${run.id}`)).json();
  expect(sentence).toContain("waits at epoch 1 for the other runs");
  const listed = (await lab.ada.get(`/v1/runs?state=waiting_search`)).json();
  expect(listed.data.map((one: { id: string }) => one.id)).toEqual([run.id]);
  // Selection waits for a run that trained to its end.
  expect((await lab.ada.get(`/v1/sweeps/${id}/best`)).statusCode).toBe(404);
  expect((await lab.ada.get(`/v1/sweeps/${id}/export?format=csv`)).body).toContain(
    "waiting_search",
  );
});

describe("a search that cannot be is a 422 at its place", () => {
  test.each<[string, object, [string, string][]]>([
    [
      "with a grid",
      { base, tpe, grid: { seed: [1] }, runs: [{}], random: { samples: 1 } },
      [
        ["#/grid", "conflict"],
        ["#/runs", "conflict"],
        ["#/random", "conflict"],
      ],
    ],
    [
      "in a preset",
      { preset: "figure-2", scale: "smoke", tpe, stop_early },
      [
        ["#/tpe", "conflict"],
        ["#/stop_early", "conflict"],
      ],
    ],
    ["without samples", { base, tpe: { learning_rate } }, [["#/tpe/samples", "required"]]],
    ["without a field", { base, tpe: { samples: 4 } }, [["#/tpe", "required"]]],
    ["that is a number", { base, tpe: 4 }, [["#/tpe", "wrong_type"]]],
    [
      "of an unknown field",
      { base, tpe: { ...tpe, learning_rat: learning_rate } },
      [["#/tpe/learning_rat", "unknown_field"]],
    ],
    [
      "of an unknown distribution",
      { base, tpe: { samples: 4, learning_rate: { log_unifrom: [1, 2] } } },
      [["#/tpe/learning_rate", "not_allowed"]],
    ],
    [
      "of a value beside a distribution",
      { base, tpe: { samples: 4, learning_rate: 0.1 } },
      [["#/tpe/learning_rate", "wrong_type"]],
    ],
    [
      "of a logarithm from zero",
      { base, tpe: { samples: 4, learning_rate: { log_uniform: [0, 1] } } },
      [["#/tpe/learning_rate/log_uniform/0", "minimum"]],
    ],
    ["at no time", { base, tpe: { ...tpe, at_a_time: 0 } }, [["#/tpe/at_a_time", "minimum"]]],
    [
      "of more runs than a search may learn from, too many at a time",
      { base, tpe: { ...tpe, samples: 2_001, at_a_time: 101 } },
      [
        ["#/tpe/samples", "maximum"],
        ["#/tpe/at_a_time", "maximum"],
      ],
    ],
    [
      "by a test metric",
      { base, tpe: { ...tpe, objective: "test_accuracy" } },
      [["#/tpe/objective", "not_allowed"]],
    ],
    [
      "without validation images",
      { base: { ...base, validation_size: 0 }, tpe },
      [["#/base/validation_size", "minimum"]],
    ],
    [
      "that would refuse its own duplicates",
      { base, tpe, on_duplicate: "error" },
      [["#/on_duplicate", "conflict"]],
    ],
    [
      "over fields that exclude each other",
      {
        base: { ...base, algorithm: "pc_rc2", inference: { steps: 16, update_every: 8 } },
        tpe: { samples: 1, startup: 1, inference: { update_every: { int_uniform: [1, 16] } } },
      },
      [["#/tpe/inference/update_every", "conflict"]],
    ],
    [
      "over more images than there are",
      { base, tpe: { samples: 4, train_size: { int_uniform: [41, 5_000] } } },
      [["#/base/train_size", "maximum"]],
    ],
  ])("tpe %s", async (_, body, expected) => {
    const response = await lab.ada.post("/v1/sweeps", body);
    expect(response.statusCode, response.body).toBe(422);
    const { errors } = response.json();
    expect(errors.map((one: { pointer: string; code: string }) => [one.pointer, one.code])).toEqual(
      expected,
    );
  });

  const asha = (fields: object, extra: object = {}) => ({
    base,
    grid: { seed: [0, 1] },
    stop_early: { asha: { min_epochs: 1, ...fields } },
    ...extra,
  });
  test.each<[string, object, [string, string][]]>([
    [
      "that keeps all",
      asha({ reduction_factor: 1 }),
      [["#/stop_early/asha/reduction_factor", "minimum"]],
    ],
    [
      "of half a run",
      asha({ reduction_factor: 2.5 }),
      [["#/stop_early/asha/reduction_factor", "wrong_type"]],
    ],
    ["after the end", asha({ min_epochs: 9 }), [["#/stop_early/asha/min_epochs", "maximum"]]],
    ["before the start", asha({ min_epochs: 0 }), [["#/stop_early/asha/min_epochs", "minimum"]]],
    [
      "by a test metric",
      asha({ metric: "test_loss" }),
      [["#/stop_early/asha/metric", "not_allowed"]],
    ],
    [
      "of no name",
      { base, stop_early: { hyperband: {} } },
      [
        ["#/stop_early/asha", "required"],
        ["#/stop_early/hyperband", "unknown_field"],
      ],
    ],
    ["with a typo", asha({ min_epoch: 2 }), [["#/stop_early/asha/min_epoch", "unknown_field"]]],
    [
      "where nothing is evaluated",
      asha({}, { base: { ...base, evaluate_every: 2 } }),
      [["#/stop_early/asha/min_epochs", "conflict"]],
    ],
    [
      "of runs that count weight updates",
      asha({}, { base: { ...smallBase, epochs: null, algorithm: "bp", weight_updates: 90 } }),
      [["#/stop_early/asha", "conflict"]],
    ],
    [
      "without validation images",
      asha({}, { base: { ...base, validation_size: 0 } }),
      [["#/base/validation_size", "minimum"]],
    ],
  ])("halving %s", async (_, body, expected) => {
    const response = await lab.ada.post("/v1/sweeps", body);
    expect(response.statusCode, response.body).toBe(422);
    const { errors } = response.json();
    expect(errors.map((one: { pointer: string; code: string }) => [one.pointer, one.code])).toEqual(
      expected,
    );
  });
});
