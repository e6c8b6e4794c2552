import { describe, expect, test } from "vitest";
import type { MetricRow } from "./events.js";
import { secondsTo90 } from "./secondsTo90.js";

const rowsOf = (points: [seconds: number, accuracy: number][]): MetricRow[] =>
  points.flatMap(([seconds, accuracy], index) => [
    { weightUpdate: index * 10, name: "train_seconds" as const, layer: null, value: seconds },
    {
      weightUpdate: index * 10,
      name: "validation_accuracy" as const,
      layer: null,
      value: accuracy,
    },
  ]);

describe("seconds to 90 %", () => {
  test("are interpolated between the evaluations around the crossing", () => {
    // 0.9 of 0.8 is 0.72, three fifths of the way from 0.6 to 0.8.
    expect(
      secondsTo90(
        rowsOf([
          [1, 0.2],
          [2, 0.6],
          [4, 0.8],
        ]),
      ),
    ).toBeCloseTo(3.2, 12);
  });

  test("are of the first crossing, whatever the curve does later", () => {
    expect(
      secondsTo90(
        rowsOf([
          [1, 0.1],
          [2, 0.9],
          [3, 0.5],
          [4, 0.6],
        ]),
      ),
    ).toBeCloseTo(1 + 0.44 / 0.8, 12);
  });

  test("are the first evaluation's when it is there already, and null without one", () => {
    expect(
      secondsTo90(
        rowsOf([
          [1, 0.7],
          [2, 0.71],
        ]),
      ),
    ).toBe(1);
    expect(secondsTo90([])).toBeNull();
    expect(
      secondsTo90([{ weightUpdate: 0, name: "train_seconds", layer: null, value: 1 }]),
    ).toBeNull();
  });
});
