/** How convex a surface is over its grid, by second differences. */
import type { LandscapeSettings } from "./analysisSettings.js";

export interface Convexity {
  /** Inner points whose second differences are all finite. */
  points: number;
  /** Share of them with a direction of negative curvature; null without such points. */
  negative_share: number | null;
  /** The smallest and the largest curvature found, in the surface's unit over the square of the axes'. */
  least: number | null;
  most: number | null;
}

/** Relative to the largest value: second differences of a flat place are rounding, not curvature. */
const ROUNDING = 1e-6;

/** @param values the grid's, the last axis varying fastest; null where not finite */
export const measureConvexity = (
  values: readonly (number | null)[],
  { dimensions, resolution, range }: Pick<LandscapeSettings, "dimensions" | "resolution" | "range">,
): Convexity => {
  const step = (2 * range) / (resolution - 1);
  const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const tolerance = (ROUNDING * largest) / step ** 2;
  const inner = Array.from({ length: resolution - 2 }, (_, i) => i + 1);
  const curvatures: [number, number][] = [];
  const add = (found: [number, number]): void => {
    if (found.every(Number.isFinite)) curvatures.push(found);
  };
  // NaN where there is no value: it spoils what it takes part in, and that is left out.
  const at = (index: number): number => values[index] ?? Number.NaN;
  const second = (index: number, stride: number): number =>
    (at(index - stride) - 2 * at(index) + at(index + stride)) / step ** 2;
  for (const i of inner) {
    if (dimensions === 1) {
      add([second(i, 1), second(i, 1)]);
      continue;
    }
    for (const j of inner) {
      const index = i * resolution + j;
      const mixed =
        (at(index - resolution - 1) -
          at(index - resolution + 1) -
          at(index + resolution - 1) +
          at(index + resolution + 1)) /
        (4 * step ** 2);
      add(eigenvaluesOf(second(index, resolution), mixed, second(index, 1)));
    }
  }
  if (curvatures.length === 0) return { points: 0, negative_share: null, least: null, most: null };
  return {
    points: curvatures.length,
    negative_share: curvatures.filter(([least]) => least < -tolerance).length / curvatures.length,
    least: curvatures.reduce((least, [value]) => Math.min(least, value), Number.POSITIVE_INFINITY),
    most: curvatures.reduce((most, [, value]) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  };
};

/** Of the symmetric matrix [[a, b], [b, c]], the smaller first. */
const eigenvaluesOf = (a: number, b: number, c: number): [number, number] => {
  const mean = (a + c) / 2;
  const radius = Math.hypot((a - c) / 2, b);
  return [mean - radius, mean + radius];
};
