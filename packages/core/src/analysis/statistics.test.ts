import { describe, expect, test } from "vitest";
import {
  estimateDifference,
  estimateMean,
  estimatePairedDifference,
  normalCdf,
  studentQuantile,
  summarise,
} from "./statistics.js";

describe("a summary", () => {
  test("has the moments that can be worked out by hand", () => {
    // Deviations of 0, 0, 0, 4 from their mean 1: -1, -1, -1, 3. m2 = 12/4, m3 = 24/4, m4 = 84/4.
    const { n, mean, standardDeviation, skewness, excessKurtosis } = summarise([0, 0, 0, 4]);
    expect([n, mean, standardDeviation]).toEqual([4, 1, 2]);
    expect(skewness).toBeCloseTo(6 / 3 ** 1.5, 14);
    expect(excessKurtosis).toBeCloseTo(21 / 9 - 3, 14);
  });

  test("loses no digits to a mean far from 0", () => {
    const near = summarise([0, 1, 2, 7]);
    const far = summarise(Float64Array.of(0, 1, 2, 7).map((value) => value + 1e9));
    expect(far.standardDeviation).toBeCloseTo(near.standardDeviation ?? 0, 6);
    expect(far.skewness).toBeCloseTo(near.skewness ?? 0, 6);
  });

  test("of too few values, or of equal ones, has no shape", () => {
    const shapeless = { skewness: null, excessKurtosis: null };
    expect(summarise([])).toEqual({ n: 0, mean: null, standardDeviation: null, ...shapeless });
    expect(summarise([5])).toEqual({ n: 1, mean: 5, standardDeviation: null, ...shapeless });
    expect(summarise([0.1, 0.1, 0.1])).toMatchObject({ standardDeviation: 0, ...shapeless });
  });
});

describe("Student's t", () => {
  // Printed tables of the two-sided 5 %, 1 % and 10 % points.
  test.each([
    [1, 0.975, 12.706],
    [2, 0.975, 4.303],
    [3, 0.975, 3.182],
    [4, 0.975, 2.776],
    [5, 0.975, 2.571],
    [9, 0.975, 2.262],
    [10, 0.995, 3.169],
    [10, 0.95, 1.812],
    [20, 0.975, 2.086],
    [30, 0.975, 2.042],
    [60, 0.975, 2],
    [120, 0.975, 1.98],
  ])("with %d degrees of freedom has its %d quantile at %d", (degrees, probability, t) => {
    expect(Math.abs(studentQuantile(probability, degrees) - t)).toBeLessThan(5.1e-4);
  });

  test("has its closed forms with 1, 2 and 4 degrees of freedom, to 1e-12", () => {
    for (const p of [0.55, 0.9, 0.975, 0.9995]) {
      const a = 4 * p * (1 - p);
      const exact = [
        [1, Math.tan(Math.PI * (p - 0.5))],
        [2, (2 * p - 1) * Math.sqrt(2 / a)],
        [4, 2 * Math.sqrt(Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a) - 1)],
      ];
      for (const [degrees, t] of exact) {
        expect(Math.abs(studentQuantile(p, degrees) / t - 1)).toBeLessThan(1e-12);
      }
    }
  });

  test("tends to the normal distribution, and is symmetric", () => {
    expect(studentQuantile(0.975, 1e7)).toBeCloseTo(1.959964, 5);
    expect(studentQuantile(0.1, 3.7)).toBeCloseTo(-studentQuantile(0.9, 3.7), 12);
    expect(studentQuantile(0.5, 3)).toBeCloseTo(0, 12);
  });

  test.each([
    [0, 3],
    [1, 3],
    [0.9, 0],
    [Number.NaN, 3],
  ])("refuses probability %d with %d degrees", (probability, degrees) => {
    expect(() => studentQuantile(probability, degrees)).toThrow("no quantile");
  });
});

test("the normal CDF has its table's values", () => {
  expect(normalCdf(0)).toBe(0.5);
  expect(normalCdf(1)).toBeCloseTo(0.841344746068543, 14);
  expect(normalCdf(-1.959963984540054)).toBeCloseTo(0.025, 14);
  expect([normalCdf(-40), normalCdf(40)]).toEqual([0, 1]);
});

describe("the interval of a mean", () => {
  test("is mean +- t sd / sqrt(n)", () => {
    // sd of 1, 2, 3 is 1; t with 2 degrees is 4.30265.
    const { n, mean, interval } = estimateMean([1, 2, 3]);
    expect([n, mean, interval?.degreesOfFreedom]).toEqual([3, 2, 2]);
    expect(interval?.low).toBeCloseTo(2 - 4.30265 / Math.sqrt(3), 5);
    expect(interval?.high).toBeCloseTo(2 + 4.30265 / Math.sqrt(3), 5);
  });

  test("is undecidable with one value, and a point without spread", () => {
    expect(estimateMean([])).toEqual({ n: 0, mean: null, interval: null });
    expect(estimateMean([0.8])).toEqual({ n: 1, mean: 0.8, interval: null });
    expect(estimateMean([2, 2])).toEqual({
      n: 2,
      mean: 2,
      interval: { low: 2, high: 2, degreesOfFreedom: 1 },
    });
  });
});

describe("a difference of means", () => {
  test("has Welch's degrees of freedom and interval, and Cohen's d", () => {
    // Variances 1 and 14 of 3 and 5 values: squared standard errors 1/3 and 14/5.
    const left = [9, 10, 11];
    const right = [0, 2, 4, 4, 10];
    const square = 1 / 3 + 14 / 5;
    const degrees = square ** 2 / ((1 / 3) ** 2 / 2 + (14 / 5) ** 2 / 4);
    const estimate = estimateDifference(left, right);
    expect(estimate).toMatchObject({ n: 3, difference: 6 });
    expect(estimate.interval?.degreesOfFreedom).toBeCloseTo(degrees, 12);
    const reach = studentQuantile(0.975, degrees) * Math.sqrt(square);
    expect(estimate.interval?.low).toBeCloseTo(6 - reach, 12);
    expect(estimate.interval?.high).toBeCloseTo(6 + reach, 12);
    expect(estimate.effectSize).toBeCloseTo(6 / Math.sqrt((2 * 1 + 4 * 14) / 6), 12);
  });

  test("of samples of one size and spread has n + n - 2 degrees", () => {
    const { interval } = estimateDifference([1, 2, 3], [4, 5, 6]);
    expect(interval?.degreesOfFreedom).toBeCloseTo(4, 12);
  });

  test("is a point estimate alone where a side has one value, and nothing where one has none", () => {
    const undecidable = { interval: null, effectSize: null };
    expect(estimateDifference([3], [1, 2])).toEqual({ n: 1, difference: 1.5, ...undecidable });
    expect(estimateDifference([], [1, 2])).toEqual({ n: 0, difference: null, ...undecidable });
  });

  test("without spread has a point for an interval and no effect size", () => {
    expect(estimateDifference([3, 3], [1, 1])).toEqual({
      n: 2,
      difference: 2,
      interval: { low: 2, high: 2, degreesOfFreedom: 2 },
      effectSize: null,
    });
  });
});

describe("a paired difference", () => {
  test("sees through what the pairs share", () => {
    // Differences 1, 2, 3: mean 2, sd 1.
    const estimate = estimatePairedDifference([101, 202, 303], [100, 200, 300]);
    expect(estimate).toMatchObject({ n: 3, difference: 2, effectSize: 2 });
    expect(estimate.interval?.low).toBeCloseTo(2 - 4.30265 / Math.sqrt(3), 5);
  });

  test("is undecidable with one pair; unpaired values are refused", () => {
    const undecidable = { interval: null, effectSize: null };
    expect(estimatePairedDifference([3], [1])).toEqual({ n: 1, difference: 2, ...undecidable });
    expect(() => estimatePairedDifference([1, 2], [1])).toThrow("cannot be paired");
  });
});
