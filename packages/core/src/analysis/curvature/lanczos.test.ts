import { describe, expect, test } from "vitest";
import { norm } from "../../engine/norms.js";
import { Generator } from "../../random/generator.js";
import { type LanczosOptions, extremeEigenvalues } from "./lanczos.js";

type Apply = LanczosOptions["apply"];

const diagonal =
  (spectrum: readonly number[]): Apply =>
  async (v) =>
    v.map((value, i) => spectrum[i] * value);

/**
 * A dense matrix with a known spectrum: a product of random reflections I - 2 u u^T around the diagonal. Applied factor by
 * factor, so that no other eigenvalue routine takes part.
 */
const reflected = (spectrum: readonly number[], seed: number): Apply => {
  const generator = Generator.seeded(seed, "probes");
  const units = Array.from({ length: 5 }, () => {
    const vector = Float64Array.from(spectrum, () => generator.normal());
    const length = norm(vector);
    return vector.map((value) => value / length);
  });
  const reflect = (v: Float64Array, u: Float64Array): Float64Array => {
    const product = v.reduce((sum, value, i) => sum + value * u[i], 0);
    return v.map((value, i) => value - 2 * product * u[i]);
  };
  return async (v) => {
    const turned = units.reduce(reflect, v).map((value, i) => spectrum[i] * value);
    return [...units].reverse().reduce(reflect, turned);
  };
};

const find = async (apply: Apply, size: number, options: Partial<LanczosOptions> = {}) => {
  const found = await extremeEigenvalues({
    size,
    apply,
    seed: 1,
    maxSteps: size,
    tolerance: 1e-10,
    ...options,
  });
  if (found === null) throw new Error("no eigenvalues were found");
  return found;
};

describe("the extreme eigenvalues by Lanczos", () => {
  const spectrum = Array.from({ length: 200 }, (_, i) => (i === 0 ? -4 : i === 199 ? 90 : i / 20));

  test.each([
    ["diagonal", diagonal(spectrum)],
    ["dense", reflected(spectrum, 7)],
  ])("of a %s matrix are its own, in far fewer steps than it has rows", async (_, apply) => {
    const { smallest, largest, steps, converged } = await find(apply, spectrum.length);
    expect(smallest.value).toBeCloseTo(-4, 10);
    expect(largest.value).toBeCloseTo(90, 10);
    expect(converged).toBe(true);
    expect(steps).toBeLessThan(60);
  });

  test("lie within the residual of an eigenvalue, however early it stops", async () => {
    for (const maxSteps of [1, 2, 5, 10, 20]) {
      const { smallest, largest, steps, converged } = await find(
        reflected(spectrum, 3),
        spectrum.length,
        { maxSteps },
      );
      expect({ steps, converged }).toEqual({ steps: maxSteps, converged: false });
      for (const { value, residual } of [smallest, largest]) {
        const nearest = Math.min(...spectrum.map((eigenvalue) => Math.abs(eigenvalue - value)));
        expect(nearest).toBeLessThanOrEqual(residual + 1e-12);
      }
      // Ritz values never leave the spectrum's range.
      expect(smallest.value).toBeGreaterThanOrEqual(-4 - 1e-12);
      expect(largest.value).toBeLessThanOrEqual(90 + 1e-12);
    }
  });

  test("stay apart over hundreds of steps: settled values do not come back as copies", async () => {
    // A tolerance of 0 forces all steps. Without full reorthogonalisation the basis is lost long before the last one.
    const graded = Array.from({ length: 150 }, (_, i) => 1.1 ** i);
    const { smallest, largest, steps } = await find(diagonal(graded), 150, { tolerance: 0 });
    expect(steps).toBe(150);
    expect(largest.value / 1.1 ** 149).toBeCloseTo(1, 12);
    // To rounding relative to the largest, which is 1.5e6.
    expect(Math.abs(smallest.value - 1)).toBeLessThan(1e-7);
  });

  test("end when the start vector's part of the space is used up", async () => {
    const { smallest, largest, steps, converged } = await find(diagonal([2, 2, 2, -5, -5, 7]), 6, {
      tolerance: 0,
    });
    expect(steps).toBe(3);
    expect(converged).toBe(true);
    expect(smallest.value).toBeCloseTo(-5, 12);
    expect(largest.value).toBeCloseTo(7, 12);
  });

  test("of a single row and of zeros are what they are", async () => {
    const one = await find(diagonal([3]), 1);
    expect(one).toMatchObject({ steps: 1, converged: true });
    expect(one.smallest.value).toBeCloseTo(3, 14);
    const zeros = await find(diagonal([0, 0, 0]), 3);
    expect(zeros.largest).toEqual({ value: 0, residual: 0 });
    expect(zeros).toMatchObject({ steps: 1, converged: true });
  });

  test("are equal for an equal seed", async () => {
    const of = (seed: number) => find(reflected(spectrum, 2), 200, { seed, maxSteps: 6 });
    expect(await of(4)).toEqual(await of(4));
    expect(await of(5)).not.toEqual(await of(4));
  });

  test("are null where a product is not finite", async () => {
    const apply: Apply = async (v) => v.map((value, i) => (i === 1 ? Number.NaN : value));
    const options = { size: 3, seed: 1, maxSteps: 3, tolerance: 1e-6 };
    expect(await extremeEigenvalues({ ...options, apply })).toBeNull();
  });
});
