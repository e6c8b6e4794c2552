import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../experiment/vocabulary.js";
import { ACTIVATION_FUNCTIONS } from "./activations.js";
import { erf } from "./erf.js";

const at = (name: (typeof ACTIVATIONS)[number], a: number): { value: number; slope: number } => {
  const value = new Float64Array(1);
  const slope = new Float64Array(1);
  ACTIVATION_FUNCTIONS[name](Float64Array.of(a), value, slope, 1);
  return { value: value[0], slope: slope[0] };
};

describe.each(ACTIVATIONS)("%s", (name) => {
  test("has the derivative that central differences give, to 1e-8", () => {
    const step = 1e-5;
    for (const a of [-7.5, -3, -1, -0.2, 0.05, 0.6, 2, 5, 9]) {
      const numeric = (at(name, a + step).value - at(name, a - step).value) / (2 * step);
      expect(Math.abs(at(name, a).slope - numeric)).toBeLessThan(1e-8);
    }
  });

  test("keeps a NaN, so that a diverged network shows", () => {
    expect(at(name, Number.NaN).value).toBeNaN();
  });

  test("may overwrite its argument", () => {
    const a = Float64Array.of(-0.7, 0.4);
    const expected = [-0.7, 0.4].map((value) => at(name, value).value);
    ACTIVATION_FUNCTIONS[name](a, a, new Float64Array(2), 2);
    expect([...a]).toEqual(expected);
  });
});

test("values agree with an independent program", () => {
  // Python 3: math.tanh, math.erf and the definitions of PyTorch's documentation, at 0.7 and -1.3.
  const expected = {
    tanh: [0.6043677771171636, -0.8617231593133063],
    relu: [0.7, 0],
    leaky_relu: [0.7, -0.013],
    gelu: [0.5306254434438489, -0.12584062996129347],
    sigmoid: [0.6681877721681662, 0.2141650169574414],
    identity: [0.7, -1.3],
  };
  for (const name of ACTIVATIONS) {
    expect(at(name, 0.7).value).toBeCloseTo(expected[name][0], 14);
    expect(at(name, -1.3).value).toBeCloseTo(expected[name][1], 14);
  }
});

test("erf agrees with Python's math.erf to 1e-15", () => {
  const table = [
    [0, 0],
    [1e-9, 1.1283791670955127e-9],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2.5, 0.9995930479825551],
    [4, 0.9999999845827421],
    [5.9, 1],
    [30, 1],
  ];
  for (const [x, value] of table) {
    expect(Math.abs(erf(x) - value)).toBeLessThan(1e-15);
    expect(Math.abs(erf(-x) + value)).toBeLessThan(1e-15);
  }
});
