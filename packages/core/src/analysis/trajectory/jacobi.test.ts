import { describe, expect, test } from "vitest";
import { Generator } from "../../random/generator.js";
import { symmetricEigenpairs } from "./jacobi.js";

const randomSymmetric = (size: number, seed: number): number[][] => {
  const generator = Generator.seeded(seed, "probes");
  const matrix = Array.from({ length: size }, () => Array<number>(size).fill(0));
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      matrix[i][j] = generator.normal();
      matrix[j][i] = matrix[i][j];
    }
  }
  return matrix;
};

describe("the eigenpairs of a symmetric matrix", () => {
  test("of a turned diagonal are found, the largest first", () => {
    // 3 along (1, 1), -1 along (1, -1).
    const pairs = symmetricEigenpairs([
      [1, 2],
      [2, 1],
    ]);
    expect(pairs.map(({ value }) => value)).toEqual([
      expect.closeTo(3, 14),
      expect.closeTo(-1, 14),
    ]);
    const [{ vector }] = pairs;
    expect(vector[0]).toBeCloseTo(vector[1], 14);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 14);
  });

  test.each([1, 5, 30])("of %i random rows satisfy A v = lambda v, and are orthonormal", (size) => {
    const matrix = randomSymmetric(size, size);
    const pairs = symmetricEigenpairs(matrix);
    for (const [k, { value, vector }] of pairs.entries()) {
      matrix.forEach((row, i) => {
        const product = row.reduce((sum, element, j) => sum + element * vector[j], 0);
        expect(product).toBeCloseTo(value * vector[i], 11);
      });
      pairs.forEach((other, j) => {
        const product = vector.reduce((sum, element, i) => sum + element * other.vector[i], 0);
        expect(product).toBeCloseTo(j === k ? 1 : 0, 12);
      });
    }
    const values = pairs.map(({ value }) => value);
    expect(values).toEqual([...values].sort((left, right) => right - left));
  });

  test("of a matrix of rank one are one, and zeros", () => {
    const u = [3, -1, 2, 0.5];
    const pairs = symmetricEigenpairs(u.map((a) => u.map((b) => a * b)));
    expect(pairs[0].value).toBeCloseTo(14.25, 12);
    for (const { value } of pairs.slice(1)) expect(Math.abs(value)).toBeLessThan(1e-14);
  });

  test("of a matrix of zeros are zeros", () => {
    const pairs = symmetricEigenpairs([
      [0, 0],
      [0, 0],
    ]);
    expect(pairs.map(({ value }) => value)).toEqual([0, 0]);
  });
});
