/** Time to convergence as the paper reports it, derived from a run's metric rows. */
import type { MetricRow } from "./events.js";
import type { MetricName } from "./metrics.js";

/** The share of the last validation accuracy that counts as converged. */
const SHARE = 0.9;

/**
 * The first `train_seconds` at which validation accuracy, interpolated linearly between evaluations, reaches 0.9 of its
 * last value; the first evaluation's, when that is above it already. Null without validation images.
 */
export const secondsTo90 = (rows: readonly MetricRow[]): number | null =>
  valueAt90(rows, "train_seconds");

/** The same of another metric that grows while a run trains and has one value an evaluation. */
export const valueAt90 = (rows: readonly MetricRow[], metric: MetricName): number | null => {
  const valueOf = new Map(
    rows.filter(({ name }) => name === metric).map((row) => [row.weightUpdate, row.value]),
  );
  const points = validationAccuracies(rows).flatMap(({ weightUpdate, accuracy }) => {
    const value = valueOf.get(weightUpdate);
    return value === undefined ? [] : [{ value, accuracy }];
  });
  const last = points.at(-1);
  if (last === undefined) return null;
  const target = SHARE * last.accuracy;
  const reached = points.findIndex(({ accuracy }) => accuracy >= target);
  const after = points[reached];
  const before = points[reached - 1];
  if (before === undefined) return after.value;
  const share = (target - before.accuracy) / (after.accuracy - before.accuracy);
  return before.value + share * (after.value - before.value);
};

/** In order of their weight updates, each evaluation once. */
export const validationAccuracies = (
  rows: readonly MetricRow[],
): { weightUpdate: number; accuracy: number }[] => {
  const accuracyOf = new Map(
    rows
      .filter(({ name }) => name === "validation_accuracy")
      .map((row) => [row.weightUpdate, row.value]),
  );
  return [...accuracyOf]
    .map(([weightUpdate, accuracy]) => ({ weightUpdate, accuracy }))
    .sort((a, b) => a.weightUpdate - b.weightUpdate);
};
