import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import { type Dimension, ParzenEstimator, type Point, observationWeights } from "./parzen.js";

const SPACE: Dimension[] = [
  { kind: "real", isLog: true, low: 1e-5, high: 1e-1 },
  { kind: "integer", low: 4, high: 32 },
  { kind: "real", isLog: false, low: 0, high: 1 },
  { kind: "choice", count: 3 },
];
const OBSERVED: Point[] = [
  [1e-3, 8, 0.1, 0],
  [3e-3, 16, 0.15, 2],
  [2e-5, 31, 0.9, 2],
];
const ASKED: Point[] = [
  [1e-3, 8, 0.5, 0],
  [1e-5, 32, 0, 1],
  [7e-2, 4, 1, 2],
  [2e-4, 20, 0.12, 2],
];

/** log_pdf of Optuna 5.0.0's `_ParzenEstimator` of the same observations at the same points, field by field and jointly. */
const OPTUNA = {
  fields: [
    [-1.9927830180028938, -2.437843373748806, -2.7783123477025224, -2.1527778428853113],
    [-3.251275932016883, -3.612948263664737, -3.4013109025248776, -3.370503625095885],
    [-0.12099275603007165, 0.2648974538042749, -0.37679874696852544, 0.35873526364824615],
    [-1.0986122886681098, -1.6582280766035324, -0.7419373447293772, -0.7419373447293772],
  ],
  joint: [-6.645110849286594, -7.7042641287884335, -7.6777891785361625, -6.209506629314964],
};

const unit: Dimension[] = [{ kind: "real", isLog: false, low: 0, high: 1 }];

describe("a Parzen estimator", () => {
  test.each([0, 1, 2, 3])("has the densities of Optuna's in field %i", (field) => {
    const estimator = new ParzenEstimator(
      [SPACE[field]],
      OBSERVED.map((point) => [point[field]]),
    );
    ASKED.forEach((point, index) => {
      const found = estimator.logProbability([point[field]]);
      expect(found).toBeCloseTo(OPTUNA.fields[field][index], 9);
    });
  });

  test("is joint over its fields, as Optuna's is", () => {
    const estimator = new ParzenEstimator(SPACE, OBSERVED);
    ASKED.forEach((point, index) => {
      expect(estimator.logProbability(point)).toBeCloseTo(OPTUNA.joint[index], 9);
    });
  });

  test("of few and of many observations has Optuna's densities too", () => {
    const many = Array.from({ length: 40 }, (_, index) => [((index * 37) % 100) / 100]);
    const densities = (observed: Point[], at: number[]) => {
      const estimator = new ParzenEstimator(unit, observed);
      return at.map((x) => estimator.logProbability([x]));
    };
    const cases: [Point[], number[], number[]][] = [
      [[], [0.3, 0.9], [0.02097780049094955, -0.039022199509050504]],
      [[[0.3]], [0.3, 0.9], [0.06989616347219396, -0.13932167972091136]],
      [many, [0.3, 0.9, 0.01], [-0.004842398399976355, -0.20376167431814407, -0.559520025739414]],
    ];
    for (const [observed, at, expected] of cases) {
      densities(observed, at).forEach((density, index) => {
        expect(density).toBeCloseTo(expected[index], 9);
      });
    }
  });

  test("is a probability: over its range it sums to one", () => {
    const integers: Dimension[] = [SPACE[1]];
    const estimator = new ParzenEstimator(integers, [[5], [5], [30]]);
    const values = Array.from({ length: 29 }, (_, index) => 4 + index);
    const total = values.reduce((sum, x) => sum + Math.exp(estimator.logProbability([x])), 0);
    expect(total).toBeCloseTo(1, 12);
  });

  test("draws as its probabilities say, and never outside its range", () => {
    const space = [SPACE[1], SPACE[3]];
    const estimator = new ParzenEstimator(space, [
      [5, 0],
      [6, 0],
      [30, 2],
    ]);
    const generator = Generator.seeded(11, "search");
    const count = 20_000;
    const counts = new Map<string, number>();
    for (let draw = 0; draw < count; draw++) {
      const key = estimator.draw(generator).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    let known = 0;
    for (let width = 4; width <= 32; width++) {
      for (let choice = 0; choice < 3; choice++) {
        const found = counts.get([width, choice].join()) ?? 0;
        const probability = Math.exp(estimator.logProbability([width, choice]));
        const sd = Math.sqrt(count * probability * (1 - probability));
        // Rare values have a long tail: one more is allowed them beside five standard deviations.
        expect(Math.abs(found - count * probability)).toBeLessThan(5 * sd + 1);
        known += found;
      }
    }
    expect(known).toBe(count);
  });
});

test("of many observations the newest 25 weigh the same, and the older less and less", () => {
  expect(observationWeights(24)).toEqual(Array.from({ length: 24 }, () => 1));
  expect(observationWeights(26).slice(0, 2)).toEqual([1 / 26, 1]);
  expect(observationWeights(27).slice(0, 3)).toEqual([1 / 27, 1, 1]);
  const forty = observationWeights(40);
  [0.025, 0.09464285714285714, 0.16428571428571428, 0.23392857142857143].forEach(
    (weight, index) => {
      expect(forty[index]).toBeCloseTo(weight, 12);
    },
  );
  expect(forty.slice(-25)).toEqual(Array.from({ length: 25 }, () => 1));
});
