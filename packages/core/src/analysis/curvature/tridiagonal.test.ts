import { describe, expect, test } from "vitest";
import { tridiagonalSpectrum } from "./tridiagonal.js";

describe("the spectrum of a tridiagonal matrix", () => {
  test.each([1, 2, 3, 8, 60])("of the second difference over %i points is known", (size) => {
    // lambda_k = 2 - 2 cos(k pi / (n + 1)), and component i of its vector is sqrt(2 / (n + 1)) sin(i k pi / (n + 1)).
    const { eigenvalues, lastComponents } = tridiagonalSpectrum(
      Array<number>(size).fill(2),
      Array<number>(size - 1).fill(-1),
    );
    for (let k = 1; k <= size; k++) {
      const angle = (k * Math.PI) / (size + 1);
      expect(eigenvalues[k - 1]).toBeCloseTo(2 - 2 * Math.cos(angle), 13);
      const component = Math.sqrt(2 / (size + 1)) * Math.abs(Math.sin(size * angle));
      expect(Math.abs(lastComponents[k - 1])).toBeCloseTo(component, 13);
    }
  });

  test("of a matrix in two parts is that of the parts", () => {
    const { eigenvalues, lastComponents } = tridiagonalSpectrum([5, 1, 1], [0, 2]);
    // [[1, 2], [2, 1]] has -1 and 3; the row of 5 stands alone.
    [-1, 3, 5].forEach((value, i) => expect(eigenvalues[i]).toBeCloseTo(value, 14));
    expect(lastComponents[2]).toBe(0);
    expect(lastComponents[0] ** 2).toBeCloseTo(0.5, 14);
  });

  test("of a diagonal of zeros is symmetric about 0", () => {
    const { eigenvalues } = tridiagonalSpectrum([0, 0], [3]);
    expect([...eigenvalues]).toEqual([-3, 3].map((value) => expect.closeTo(value, 14)));
  });

  test("keeps the trace, and the vectors' components are those of an orthogonal matrix", () => {
    const diagonal = [4, -3, 1e-8, 7, 2, 1e3];
    const { eigenvalues, lastComponents } = tridiagonalSpectrum(diagonal, [1, 1e-5, 3, 0.5, 20]);
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value);
    expect(sum(eigenvalues)).toBeCloseTo(sum(diagonal), 10);
    expect(sum(lastComponents.map((value) => value ** 2))).toBeCloseTo(1, 13);
    expect([...eigenvalues]).toEqual([...eigenvalues].sort((left, right) => left - right));
  });
});
