import { describe, expect, test } from "vitest";
import type { MetricRow } from "../training/events.js";
import type { MetricName } from "../training/metrics.js";
import { secondsTo90 } from "../training/secondsTo90.js";
import { eventsOf, rowsOf, smallOptions, smallSpec } from "../training/smallRun.js";
import { trainingConvergence } from "./trainingConvergence.js";

const evaluation = (
  weightUpdate: number,
  values: Partial<Record<MetricName, number>>,
): MetricRow[] =>
  Object.entries(values).map(([name, value]) => ({
    weightUpdate,
    name: name as MetricName,
    layer: null,
    value,
  }));

describe("the convergence of training", () => {
  test("is interpolated between the evaluations around the crossing, in each unit", () => {
    // 0.9 of 0.8 is 0.72, three fifths of the way from 0.6 to 0.8.
    const rows = [
      ...evaluation(10, {
        validation_accuracy: 0.2,
        train_seconds: 1,
        weight_updates: 10,
        epoch: 1,
      }),
      ...evaluation(20, {
        validation_accuracy: 0.6,
        train_seconds: 2,
        weight_updates: 20,
        epoch: 2,
      }),
      ...evaluation(40, {
        validation_accuracy: 0.8,
        train_seconds: 7,
        weight_updates: 40,
        epoch: 4,
      }),
    ];
    const found = trainingConvergence(rows);
    expect(found?.finalAccuracy).toBe(0.8);
    expect(found?.seconds).toBeCloseTo(5, 12);
    expect(found?.weightUpdates).toBeCloseTo(32, 12);
    expect(found?.epochs).toBeCloseTo(3.2, 12);
    expect(trainingConvergence([...rows].reverse())).toEqual(found);
  });

  test("is null for what was not recorded", () => {
    const rows = evaluation(10, { validation_accuracy: 0.5, weight_updates: 10, epoch: 1 });
    expect(trainingConvergence(rows)).toEqual({
      finalAccuracy: 0.5,
      seconds: null,
      weightUpdates: 10,
      epochs: 1,
    });
    expect(trainingConvergence([])).toBeNull();
    expect(trainingConvergence(evaluation(10, { train_seconds: 1 }))).toBeNull();
  });

  test("of a run lies between its first evaluation and its last, and is the API's seconds", async () => {
    const rows = rowsOf(await eventsOf(smallOptions(smallSpec({ algorithm: "bp", epochs: 3 }))));
    const found = trainingConvergence(rows);
    expect(found?.seconds).toBe(secondsTo90(rows));
    const epochs = rows.filter(({ name }) => name === "epoch").map(({ value }) => value);
    expect(found?.epochs).toBeGreaterThanOrEqual(Math.min(...epochs));
    expect(found?.epochs).toBeLessThanOrEqual(Math.max(...epochs));
    expect(found?.weightUpdates).toBeGreaterThan(0);
  });
});
