import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import { distributionOf, largestOf } from "./distribution.js";

const COUNT = 40_000;
const generator = Generator.seeded(3, "probes");
const normal = Float64Array.from({ length: COUNT }, () => 0.5 + 2 * generator.normal());
const uniform = Float64Array.from({ length: COUNT }, () => generator.uniform());
const range = { from: -1, to: 1, bins: 4 };

describe("a distribution", () => {
  test("of Gaussian values has their moments and lies close to a Gaussian", () => {
    const found = distributionOf(normal, range);
    // Five standard errors of each.
    expect(Math.abs(found.mean - 0.5)).toBeLessThan(0.05);
    expect(Math.abs(found.sd - 2)).toBeLessThan(0.036);
    expect(Math.abs(found.skewness ?? 1)).toBeLessThan(0.062);
    expect(Math.abs(found.excess_kurtosis ?? 1)).toBeLessThan(0.13);
    // Lilliefors: 0.886 / sqrt(n) at 5 %; twice that is far in the tail.
    expect(found.gaussian_distance).toBeLessThan((2 * 0.886) / Math.sqrt(COUNT));
  });

  test("of uniform values is flat-topped, and as far from a Gaussian as theory says", () => {
    const found = distributionOf(uniform, range);
    expect(found.sd).toBeCloseTo(Math.sqrt(1 / 12), 2);
    expect(found.excess_kurtosis).toBeCloseTo(-1.2, 1);
    // max over x of |Phi(sqrt(12) (x - 1/2)) - x| is 0.0572, at x = 0.2077 and its mirror.
    expect(found.gaussian_distance).toBeCloseTo(0.057, 2);
  });

  test("of four known values is exact", () => {
    const found = distributionOf(Float64Array.of(-1, 0, 0, 3), { from: -1, to: 3, bins: 4 });
    expect(found).toMatchObject({ count: 4, mean: 0.5, histogram: { counts: [1, 2, 0, 1] } });
    // Deviations -1.5, -0.5, -0.5, 2.5: squares 9, third powers 12, fourth 44.25 in sum.
    expect(found.sd).toBeCloseTo(1.5, 12);
    expect(found.skewness).toBeCloseTo(12 / 4 / 1.5 ** 3, 12);
    expect(found.excess_kurtosis).toBeCloseTo(44.25 / 4 / 1.5 ** 4 - 3, 12);
  });

  test("counts every value once, also those outside its range", () => {
    const { histogram } = distributionOf(normal, range);
    expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(COUNT);
  });

  test("of equal values has no shape", () => {
    expect(distributionOf(new Float32Array(5), { from: 0, to: 0, bins: 3 })).toEqual({
      count: 5,
      mean: 0,
      sd: 0,
      skewness: null,
      excess_kurtosis: null,
      gaussian_distance: null,
      histogram: { from: 0, to: 0, counts: [5, 0, 0] },
    });
  });

  test("of equal values that round in sum has no shape either", () => {
    const found = distributionOf(new Float64Array(30).fill(0.1), range);
    expect(found).toMatchObject({ mean: 0.1, sd: 0, skewness: null, gaussian_distance: null });
  });

  test("is the same for the same values in another precision", () => {
    const values = [0.5, -0.25, 2, 0.125];
    expect(distributionOf(Float32Array.from(values), range)).toEqual(
      distributionOf(Float64Array.from(values), range),
    );
  });
});

test("the largest of several tensors is of their absolute values", () => {
  expect(largestOf(Float64Array.of(1, -3), Float32Array.of(2))).toBe(3);
  expect(largestOf(new Float64Array(0))).toBe(0);
});
