import { describe, expect, test } from "vitest";
import { createInitialState } from "../engine/initialisation.js";
import { filterNormalisedDirection } from "./filterDirection.js";

const { layers } = createInitialState({
  shape: {
    sizes: [784, 20, 30, 10],
    activation: "tanh",
    outputActivation: "identity",
    node: "mba",
    bias: false,
  },
  initialisation: "he",
  seed: 2,
  optimiser: "sgd",
  initialLogVariance: 0,
  trainOutput: false,
});
const matrices = layers.map(({ weights, logVariance }) => ({ weights, units: logVariance.length }));

describe("a filter-normalised direction", () => {
  test("has in each row the norm of its weight row, to 1e-12", () => {
    const directions = filterNormalisedDirection(matrices, 3);
    matrices.forEach(({ weights, units }, layer) => {
      const inputs = weights.length / units;
      for (let unit = 0; unit < units; unit++) {
        const from = unit * inputs;
        const lengthOf = (values: ArrayLike<number>) =>
          Math.hypot(...Array.from({ length: inputs }, (_, i) => values[from + i]));
        const difference = lengthOf(directions[layer]) - lengthOf(weights);
        expect(Math.abs(difference)).toBeLessThan(1e-12);
      }
    });
  });

  test("depends on the seed, and is about orthogonal to another", () => {
    const [first, again, other] = [3, 3, 4].map((seed) =>
      filterNormalisedDirection(matrices, seed),
    );
    expect(again).toEqual(first);
    const dot = first[0].reduce((sum, value, i) => sum + value * other[0][i], 0);
    const square = first[0].reduce((sum, value) => sum + value * value, 0);
    // 15,680 values: the cosine's standard deviation is 0.008.
    expect(Math.abs(dot / square)).toBeLessThan(0.05);
  });

  test("leaves a row of zeros alone", () => {
    const [direction] = filterNormalisedDirection([{ weights: new Float64Array(6), units: 2 }], 1);
    expect([...direction].every((value) => value === 0)).toBe(true);
  });
});
