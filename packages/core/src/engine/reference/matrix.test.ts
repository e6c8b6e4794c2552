import { expect, test } from "vitest";
import { Generator } from "../../random/generator.js";
import { productAB, productABt, productAtB } from "./matrix.js";

type Matrix = { rows: number; columns: number; at: (row: number, column: number) => number };

const plainProduct = (a: Matrix, b: Matrix): number[] => {
  const result: number[] = [];
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let p = 0; p < a.columns; p++) sum += a.at(i, p) * b.at(p, j);
      result.push(sum);
    }
  }
  return result;
};

const matrix = (values: Float64Array, rows: number, columns: number): Matrix => ({
  rows,
  columns,
  at: (row, column) => values[row * columns + column],
});
const transposed = (of: Matrix): Matrix => ({
  rows: of.columns,
  columns: of.rows,
  at: (row, column) => of.at(column, row),
});

test("the three products equal three plain loops, bit for bit, in and out of the 4 x 4 tiles", () => {
  const generator = Generator.seeded(1, "probes");
  const random = (length: number) => Float64Array.from({ length }, () => generator.normal());
  for (const m of [1, 3, 4, 9]) {
    for (const n of [1, 4, 6, 10]) {
      for (const k of [1, 2, 7]) {
        const size = { m, n, k };
        const c = new Float64Array(m * n);
        const a = random(m * k);
        const b = random(n * k);
        productABt(c, a, b, size);
        expect([...c]).toEqual(plainProduct(matrix(a, m, k), transposed(matrix(b, n, k))));
        productAB(c, a, b, size);
        expect([...c]).toEqual(plainProduct(matrix(a, m, k), matrix(b, k, n)));
        productAtB(c, a, b, size);
        expect([...c]).toEqual(plainProduct(transposed(matrix(a, k, m)), matrix(b, k, n)));
      }
    }
  }
});
