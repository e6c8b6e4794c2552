import { describe, expect, test } from "vitest";
import { measureConvexity } from "./convexity.js";

const RESOLUTION = 21;
const RANGE = 2;
const axis = Array.from({ length: RESOLUTION }, (_, i) => (RANGE * (i - 10)) / 10);
const line = { dimensions: 1, resolution: RESOLUTION, range: RANGE } as const;
const plane = { ...line, dimensions: 2 } as const;
const surface = (f: (a: number, b: number) => number): number[] =>
  axis.flatMap((a) => axis.map((b) => f(a, b)));

describe("the convexity of a surface", () => {
  test("of a parabola is its second derivative everywhere", () => {
    const found = measureConvexity(
      axis.map((a) => 3 * a * a - a + 1),
      line,
    );
    expect(found).toMatchObject({ points: RESOLUTION - 2, negative_share: 0 });
    expect(found.least).toBeCloseTo(6, 9);
    expect(found.most).toBeCloseTo(6, 9);
  });

  test("of a turned quadratic form is its eigenvalues", () => {
    // [[2, 3], [3, 2]] has the eigenvalues -1 and 5.
    const found = measureConvexity(
      surface((a, b) => a * a + 3 * a * b + b * b),
      plane,
    );
    expect(found).toMatchObject({ points: (RESOLUTION - 2) ** 2, negative_share: 1 });
    expect(found.least).toBeCloseTo(-1, 9);
    expect(found.most).toBeCloseTo(5, 9);
  });

  test("of a cubic is negative on one side", () => {
    const found = measureConvexity(
      axis.map((a) => a ** 3),
      line,
    );
    // Second differences of a cubic are exact: 6 a, negative at 9 of 19 inner points and zero at one.
    expect(found.negative_share).toBeCloseTo(9 / 19, 9);
  });

  test("of a plane is none: rounding is no curvature", () => {
    const found = measureConvexity(
      surface((a, b) => 1e3 + 0.1 * a - 0.3 * b),
      plane,
    );
    expect(found.negative_share).toBe(0);
  });

  test("leaves out what lies beside a point that is not finite", () => {
    const values: (number | null)[] = surface((a, b) => a * a + b * b);
    values[10 * RESOLUTION + 10] = null;
    const found = measureConvexity(values, plane);
    expect(found.points).toBe((RESOLUTION - 2) ** 2 - 9);
    expect(found.negative_share).toBe(0);
  });

  test("of a surface without a finite inner point is unknown", () => {
    expect(measureConvexity([null, 1, 2], { ...line, resolution: 3 })).toEqual({
      points: 0,
      negative_share: null,
      least: null,
      most: null,
    });
  });
});
