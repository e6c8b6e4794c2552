import { expect, test } from "vitest";
import { quantile } from "./quantile.js";

test("a quantile is the smallest value that at least the share does not exceed", () => {
  const values = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect(quantile(values, 0.95)).toBe(19);
  expect(quantile(values, 0.5)).toBe(10);
  expect(quantile(values, 1)).toBe(20);
  expect(quantile([7], 0.95)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow("no values");
});
