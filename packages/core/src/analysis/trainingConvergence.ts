/** How soon a run came near to where it ended: by the clock, in weight updates and in epochs. */
import type { MetricRow } from "../training/events.js";
import { validationAccuracies, valueAt90 } from "../training/secondsTo90.js";

/** To 90 % of the final validation accuracy, interpolated linearly between evaluations. */
export interface TrainingConvergence {
  /** Validation accuracy of the last evaluation, 0..1. */
  finalAccuracy: number;
  /** Of training alone (`train_seconds`). Null without the clock's rows. */
  seconds: number | null;
  /** Null without their rows, as the next. */
  weightUpdates: number | null;
  epochs: number | null;
}

/**
 * The first evaluation's values where it is there already. Null without validation images. A run that is still training
 * is measured by its last evaluation so far.
 */
export const trainingConvergence = (rows: readonly MetricRow[]): TrainingConvergence | null => {
  const last = validationAccuracies(rows).at(-1);
  if (last === undefined) return null;
  return {
    finalAccuracy: last.accuracy,
    seconds: valueAt90(rows, "train_seconds"),
    weightUpdates: valueAt90(rows, "weight_updates"),
    epochs: valueAt90(rows, "epoch"),
  };
};
