/** Time to convergence as the paper reports it, derived from a run's metric rows. */
import type { MetricRow } from "./events.js";
import type { MetricName } from "./metrics.js";

/** The share of the last validation accuracy that counts as converged. */
const SHARE = 0.9;

/**
 * The first `train_seconds` at which validation accuracy, interpolated linearly between evaluations, reaches 0.9 of its
 * last value; the first evaluation's, when that is above it already. Null without validation images.
 */
export const secondsTo90 = (rows: readonly MetricRow[]): number | null => {
  const valuesOf = (wanted: MetricName): Map<number, number> =>
    new Map(rows.filter(({ name }) => name === wanted).map((row) => [row.weightUpdate, row.value]));
  const secondsAt = valuesOf("train_seconds");
  const points = [...valuesOf("validation_accuracy")]
    .sort(([a], [b]) => a - b)
    .flatMap(([weightUpdate, accuracy]) => {
      const seconds = secondsAt.get(weightUpdate);
      return seconds === undefined ? [] : [{ seconds, accuracy }];
    });
  const last = points.at(-1);
  if (last === undefined) return null;
  const target = SHARE * last.accuracy;
  const reached = points.findIndex(({ accuracy }) => accuracy >= target);
  const after = points[reached];
  const before = points[reached - 1];
  if (before === undefined) return after.seconds;
  const share = (target - before.accuracy) / (after.accuracy - before.accuracy);
  return before.seconds + share * (after.seconds - before.seconds);
};
