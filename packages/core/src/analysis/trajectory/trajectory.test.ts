import { describe, expect, test } from "vitest";
import { norm } from "../../engine/norms.js";
import { Generator } from "../../random/generator.js";
import { type CheckpointWeights, principalTrajectory, projectedTrajectory } from "./trajectory.js";

const SIZES = [30, 12];

const draw = (seed: number): Float64Array[] => {
  const generator = Generator.seeded(seed, "probes");
  return SIZES.map((length) => Float64Array.from({ length }, () => generator.normal()));
};

const dot = (left: CheckpointWeights, right: CheckpointWeights): number =>
  left.reduce(
    (total, weights, l) =>
      total + Array.from(weights).reduce((sum, value, i) => sum + value * right[l][i], 0),
    0,
  );

/** origin + sum of coordinate times direction. */
const pointAt = (
  origin: Float64Array[],
  directions: Float64Array[][],
  coordinates: number[],
): Float64Array[] =>
  origin.map((weights, l) =>
    weights.map((value, i) =>
      directions.reduce((sum, direction, k) => sum + coordinates[k] * direction[l][i], value),
    ),
  );

/** Two directions of length 1 at right angles, across both layers. */
const plane = (): Float64Array[][] => {
  const [u, v] = [draw(1), draw(2)];
  const first = u.map((weights) => weights.map((value) => value / Math.sqrt(dot(u, u))));
  const across = pointAt(v, [first], [-dot(v, first)]);
  const length = Math.sqrt(dot(across, across));
  return [first, across.map((weights) => weights.map((value) => value / length))];
};

/** Planted coordinates, the last at the origin; their principal axes are the plane's own, since products sum to 0. */
const planted = [
  [8, 1],
  [6, -1],
  [4, -1],
  [2, 1],
  [0, 0],
];

describe("the principal components of a trajectory", () => {
  const origin = draw(3);
  const checkpoints = planted.map((at) => pointAt(origin, plane(), at));
  const { components, coordinates } = principalTrajectory(checkpoints);

  test("are the planted directions, of length 1 over all layers", () => {
    components.forEach(({ direction }, k) => {
      expect(Math.abs(dot(direction, plane()[k]))).toBeCloseTo(1, 12);
      expect(Math.hypot(...direction.map(norm))).toBeCloseTo(1, 12);
    });
  });

  test("have the planted shares of the variance about the mean", () => {
    // 8, 6, 4, 2 about 5: 20. 1, -1, -1, 1 about 0: 4.
    expect(components.map(({ varianceShare }) => varianceShare)).toEqual([
      expect.closeTo(20 / 24, 12),
      expect.closeTo(4 / 24, 12),
    ]);
  });

  test("have the planted coordinates, theta_0's not negative and theta_n at the origin", () => {
    coordinates.forEach((row, i) => {
      row.forEach((value, k) => expect(value).toBeCloseTo(planted[i][k], 11));
    });
    expect(coordinates[4]).toEqual([0, 0]);
  });

  test("beside noise explain what noise leaves", () => {
    const noisy = checkpoints.map((weights, i) => pointAt(weights, [draw(10 + i)], [0.01]));
    const found = principalTrajectory(noisy).components.map(({ varianceShare }) => varianceShare);
    expect(found[0]).toBeCloseTo(20 / 24, 2);
    expect(found[0] + found[1]).toBeGreaterThan(0.99);
    expect(found[0] + found[1]).toBeLessThan(1);
  });

  test("are as many as a trajectory has", () => {
    const line = [3, 2, 0].map((at) => pointAt(origin, plane(), [at, 0]));
    expect(principalTrajectory(line).components.map(({ varianceShare }) => varianceShare)).toEqual([
      expect.closeTo(1, 12),
    ]);
    for (const few of [line.slice(0, 1), line.slice(0, 2), [origin, origin, origin]]) {
      const { components, coordinates } = principalTrajectory(few);
      expect(components).toEqual([]);
      expect(coordinates).toEqual(few.map(() => []));
    }
  });

  test("of weights in single precision are found as well", () => {
    const single = checkpoints.map((layers) => layers.map((weights) => Float32Array.from(weights)));
    const found = principalTrajectory(single);
    expect(found.components[0].varianceShare).toBeCloseTo(20 / 24, 5);
    expect(found.coordinates[0][0]).toBeCloseTo(8, 5);
  });
});

describe("a trajectory projected on given directions", () => {
  const origin = draw(3);
  const oblique = [draw(4), draw(5)];

  test("has coordinates in their units, though they are neither unit vectors nor orthogonal", () => {
    const { coordinates, share } = projectedTrajectory(
      planted.map((at) => pointAt(origin, oblique, at)),
      oblique,
    );
    coordinates.forEach((row, i) => {
      row.forEach((value, k) => expect(value).toBeCloseTo(planted[i][k], 11));
    });
    expect(share).toBeCloseTo(1, 12);
  });

  test("leaves what lies across them out, and says how much that is", () => {
    const [first, second] = plane();
    const checkpoints = planted.map((at) => pointAt(origin, [first, second], at));
    const doubled = first.map((weights) => weights.map((value) => 2 * value));
    const { coordinates, share } = projectedTrajectory(checkpoints, [doubled]);
    coordinates.forEach(([value], i) => expect(value).toBeCloseTo(planted[i][0] / 2, 12));
    // 64 + 36 + 16 + 4 along the first, 4 along the second.
    expect(share).toBeCloseTo(120 / 124, 12);
  });

  test("has no share where nothing moved", () => {
    const { coordinates, share } = projectedTrajectory([origin, origin], oblique);
    expect(coordinates).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(share).toBeNull();
  });

  test("on directions that span nothing is refused", () => {
    const zeros = SIZES.map((length) => new Float64Array(length));
    for (const directions of [[], [zeros], [oblique[0], oblique[0]]]) {
      expect(() => projectedTrajectory([origin], directions)).toThrow(/linearly independent/);
    }
  });
});
