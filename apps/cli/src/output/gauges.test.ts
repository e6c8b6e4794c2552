import { describe, expect, test } from "vitest";
import { bar, sparkline } from "./gauges.js";

describe("bar", () => {
  test.each([
    [0, "░░░░"],
    [1, "████"],
    [0.5, "██░░"],
    [0.28, "█▏░░"],
    [0.99, "████"],
    [-1, "░░░░"],
    [7, "████"],
  ])("%d of four columns is %s", (share, expected) => {
    expect(bar(share, 4)).toBe(expected);
  });

  test("is as wide as it was asked to be, whatever the share", () => {
    for (let share = 0; share <= 1; share += 1 / 97) expect(bar(share, 12)).toHaveLength(12);
  });
});

describe("sparkline", () => {
  const range = { low: 0, high: 1 };

  test("has a cell a value, from the lowest level to the highest", () => {
    expect(sparkline([0, 0.5, 1], { columns: 8, ...range })).toBe("▁▅█");
  });

  test("the last cell is the last value, however many there are", () => {
    const values = Array.from({ length: 1000 }, (_, index) => (index === 999 ? 0 : 1));
    const line = sparkline(values, { columns: 10, ...range });
    expect(line).toHaveLength(10);
    expect(line.endsWith("▁")).toBe(true);
  });

  test("values of one height are a line in the middle, and what is not finite is left out", () => {
    expect(sparkline([2, Number.NaN, 2], { columns: 8, low: 2, high: 2 })).toBe("▅▅");
    expect(sparkline([], { columns: 8, low: Infinity, high: -Infinity })).toBe("");
  });
});
