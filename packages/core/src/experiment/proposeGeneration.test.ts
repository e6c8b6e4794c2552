import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import {
  type EndedRun,
  type ProposedRun,
  proposeGeneration,
  readSweepSearch,
} from "./proposeGeneration.js";
import { type Sweep, expandSweep } from "./sweep.js";

const base = { algorithm: "pc_rc2", epochs: 4, inference: { steps: 16, update_every: 8 } };
const tpe = {
  samples: 12,
  startup: 5,
  at_a_time: 3,
  learning_rate: { log_uniform: [1e-5, 1e-1] },
  inference: { rate: { uniform: [0.05, 0.2] } },
  activation: { choice: ["tanh", "gelu"] },
};

const expanded = (body: object): Sweep => {
  const result = expandSweep(body);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
};

const propose = (...search: Parameters<typeof proposeGeneration>): ProposedRun[] | null => {
  const steps = proposeGeneration(...search);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
};

/** As if every run had ended with an accuracy of its own. */
const endedAt = (points: readonly (readonly number[])[], lost: number[] = []): EndedRun[] =>
  points.map((point, index) => ({
    point,
    state: lost.includes(index) ? "failed" : "succeeded",
    metrics: { validation_accuracy: point[1], validation_loss: 1 - point[1] },
    stopAfterEpochs: null,
  }));

describe("a search's first generation", () => {
  test("is the same in whatever order its fields are written, and random search's in their order", () => {
    const { runs } = expanded({ base, tpe });
    const reversed = Object.fromEntries(Object.entries(tpe).reverse());
    expect(expanded({ base, tpe: reversed }).runs).toEqual(runs);
    const { activation, inference, learning_rate } = tpe;
    const random = { samples: 5, activation, inference, learning_rate };
    expect(expanded({ base, random }).runs).toEqual(runs);
  });

  test("brings probes of the whole space: its ends and every choice among them", () => {
    const { probes = [] } = expanded({ base, tpe }).tpe ?? {};
    expect(probes.length).toBeGreaterThan(200);
    const rates = probes.map(({ learningRate }) => learningRate);
    expect([Math.min(...rates), Math.max(...rates)]).toEqual([1e-5, 1e-1]);
    expect(new Set(probes.map(({ activation }) => activation))).toEqual(new Set(["tanh", "gelu"]));
  });
});

describe("a search's next generation", () => {
  const body = { base, tpe };
  const { points = [] } = expanded(body).tpe ?? {};

  test("follows from the body and the results, and stays in its space", () => {
    const history = { made: 5, ended: endedAt(points) };
    const proposed = propose(body, history);
    expect(proposed).toEqual(propose(body, history));
    expect(proposed).toHaveLength(3);
    for (const { spec } of proposed ?? []) {
      expect(spec.inference).toMatchObject({ steps: 16, updateEvery: 8 });
      expect(spec.inference.rate).toBeGreaterThanOrEqual(0.05);
      expect(spec.inference.rate).toBeLessThanOrEqual(0.2);
      expect(["tanh", "gelu"]).toContain(spec.activation);
    }
    // Without the best result there is another best.
    const best = points.reduce(
      (most, point, index) => (point[1] > points[most][1] ? index : most),
      0,
    );
    const others = propose(body, { made: 5, ended: endedAt(points, [best]) });
    expect(others).not.toEqual(proposed);
  });

  test("is the same from a body that was stored, whose fields stand in an order of the database's", () => {
    const reversed = { base, tpe: Object.fromEntries(Object.entries(tpe).reverse()) };
    const history = { made: 5, ended: endedAt(points) };
    expect(propose(reversed, history)).toEqual(propose(body, history));
  });

  test.each([[[0, 0.1]], [[0, 0.1, 0]], [[2, 0.1, 1e-3]], [[0, Number.NaN, 1e-3]]])(
    "is refused where a stored point %j is not of its space",
    (point) => {
      const history = { made: 5, ended: endedAt([point]) };
      expect(() => propose(body, history)).toThrow("outside its space");
    },
  );

  test("does not take a cancelled run into account at all", () => {
    const canceled: EndedRun = {
      point: [1, 0.2, 1e-2],
      state: "canceled",
      metrics: { validation_accuracy: 1, validation_loss: 0 },
      stopAfterEpochs: null,
    };
    const ended = endedAt(points.slice(0, 4));
    expect(propose(body, { made: 5, ended: [...ended, canceled] })).toEqual(
      propose(body, { made: 5, ended }),
    );
  });

  test("gives its caller a moment after each point", () => {
    const steps = proposeGeneration(body, { made: 5, ended: endedAt(points) });
    const done = Array.from({ length: 4 }, () => steps.next().done);
    expect(done).toEqual([false, false, false, true]);
  });

  test("is the last when the samples are used up", () => {
    const all = Array.from({ length: 11 }, (_, index) => points[index % 5]);
    expect(propose(body, { made: 11, ended: endedAt(all) })).toHaveLength(1);
    expect(propose(body, { made: 12, ended: endedAt(all) })).toEqual([]);
  });

  test("passes over points that are no valid run, and says when there is none", () => {
    // Half of the steps do not divide: a body that slipped by is served as far as it can be.
    const odd = {
      base: { ...base, inference: { update_every: 8 } },
      tpe: { ...tpe, inference: { steps: { int_uniform: [8, 32] } } },
    };
    const generator = Generator.seeded(1, "search");
    const seen = Array.from({ length: 5 }, () => [0, 8 + generator.below(25), 1e-3]);
    const proposed = propose(odd, { made: 5, ended: endedAt(seen) }) ?? [];
    expect(proposed).toHaveLength(3);
    for (const { spec } of proposed) expect(spec.inference.steps % 8).toBe(0);
    const never = { ...odd, tpe: { ...tpe, inference: { steps: { int_uniform: [9, 15] } } } };
    expect(propose(never, { made: 5, ended: endedAt([[0, 12, 1e-3]]) })).toBeNull();
  });
});

test("a stored body is checked again when it is read", () => {
  expect(readSweepSearch({ runs: [] })).toEqual({ tpe: null, halving: null });
  expect(() => readSweepSearch({ tpe: { samples: 0 } })).toThrow("samples");
  expect(
    readSweepSearch({ stop_early: { asha: { min_epochs: 2, metric: "validation_loss" } } }),
  ).toMatchObject({ halving: { minEpochs: 2, reductionFactor: 3, metric: "validation_loss" } });
});
