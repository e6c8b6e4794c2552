import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import type { NetworkShape } from "./engine.js";
import { createInitialState, initialWeights } from "./initialisation.js";

const shape: NetworkShape = {
  sizes: [784, 64, 64, 10],
  activation: "tanh",
  outputActivation: "identity",
  node: "mba",
  bias: true,
};

const draw = (
  initialisation: Parameters<typeof initialWeights>[0],
  units = 300,
  inputs = 200,
): Float64Array => initialWeights(initialisation, units, inputs, Generator.seeded(4, "weights"));

const variance = (values: Float64Array) =>
  values.reduce((sum, value) => sum + value * value, 0) / values.length;
const largest = (values: Float64Array) =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe("weights", () => {
  // 60,000 draws: the relative standard error of a variance is below 0.6 %; 3 % is five of them.
  test.each([
    ["uniform_fan_in", 1 / (3 * 200), 1 / Math.sqrt(200)],
    ["xavier", 2 / 500, Math.sqrt(6 / 500)],
    ["he", 2 / 200, Number.POSITIVE_INFINITY],
    ["lecun", 1 / 200, Number.POSITIVE_INFINITY],
  ] as const)("%s has its published variance and range", (name, expected, limit) => {
    const weights = draw(name);
    expect(Math.abs(variance(weights) / expected - 1)).toBeLessThan(0.03);
    expect(largest(weights)).toBeLessThanOrEqual(limit);
  });

  test.each([
    [5, 9],
    [9, 5],
    [6, 6],
  ])("orthogonal: the shorter side of %i x %i is orthonormal to 1e-12", (units, inputs) => {
    const weights = draw("orthogonal", units, inputs);
    const short = Math.min(units, inputs);
    const at = (index: number, i: number) =>
      units <= inputs ? weights[index * inputs + i] : weights[i * inputs + index];
    for (let one = 0; one < short; one++) {
      for (let other = 0; other < short; other++) {
        let dot = 0;
        for (let i = 0; i < Math.max(units, inputs); i++) dot += at(one, i) * at(other, i);
        expect(Math.abs(dot - (one === other ? 1 : 0))).toBeLessThan(1e-12);
      }
    }
  });
});

describe("the initial state", () => {
  const options = {
    shape,
    initialisation: "uniform_fan_in",
    seed: 7,
    optimiser: "adam",
    initialLogVariance: -1,
    trainOutput: false,
  } as const;

  test("depends on the seed alone", () => {
    expect(createInitialState(options)).toEqual(createInitialState(options));
    expect(createInitialState({ ...options, seed: 8 }).layers[0].weights).not.toEqual(
      createInitialState(options).layers[0].weights,
    );
  });

  test("draws the bias as PyTorch's Linear does, within 1/sqrt(fan_in), and else sets it to 0", () => {
    const { layers } = createInitialState(options);
    const bias = Float64Array.from(layers[1].bias ?? []);
    expect(largest(bias)).toBeLessThanOrEqual(1 / 8);
    expect(largest(bias)).toBeGreaterThan(0.08);
    const he = createInitialState({ ...options, initialisation: "he" });
    expect(largest(Float64Array.from(he.layers[1].bias ?? [1]))).toBe(0);
  });

  test("leaves the output's Sigma at 1 unless that is trained", () => {
    const output = (trainOutput: boolean) =>
      createInitialState({ ...options, trainOutput }).layers.map((layer) => layer.logVariance[0]);
    expect(output(false)).toEqual([-1, -1, 0]);
    expect(output(true)).toEqual([-1, -1, -1]);
  });
});
