import { describe, expect, test } from "vitest";
import { mean, median, pairedInterval } from "./statistics.js";

describe("median", () => {
  test("is the middle value, and the mean of the two middle ones of an even number", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
    expect(median([4])).toBe(4);
  });

  test("sorts by value, not by spelling, and leaves its argument as it was", () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  test("of nothing is a programmer's error, not NaN", () => {
    expect(() => median([])).toThrow("no values");
    expect(() => mean([])).toThrow("no values");
  });
});

describe("the paired interval", () => {
  test("of five differences uses t with four degrees of freedom", () => {
    // Mean 1, standard deviation sqrt(2.5), standard error sqrt(0.5); 2.776 of it to either side.
    const { mean: centre, low, high } = pairedInterval([-1, 0, 1, 2, 3]);
    expect(centre).toBeCloseTo(1, 12);
    expect(high - centre).toBeCloseTo(2.776 * Math.SQRT1_2, 12);
    expect(centre - low).toBeCloseTo(2.776 * Math.SQRT1_2, 12);
  });

  test("of equal differences is a point", () => {
    expect(pairedInterval([2, 2, 2])).toEqual({ mean: 2, low: 2, high: 2 });
  });

  test("of one pair says nothing", () => {
    const { low, high } = pairedInterval([2]);
    expect([low, high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });
});
