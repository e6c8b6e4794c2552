import type { MetricName, MetricRow, Progress } from "@pclab/core";

const TOLD: readonly MetricName[] = ["train_loss", "validation_accuracy", "validation_loss"];

/** One line of a run's log for an evaluation. */
export const evaluationLine = (rows: readonly MetricRow[], progress: Progress): string => {
  const values = TOLD.flatMap((name) => {
    const row = rows.find((one) => one.name === name && one.layer === null);
    return row === undefined ? [] : [`${name} ${row.value.toPrecision(4)}`];
  });
  const epoch = Number(progress.epoch.toFixed(3));
  return `epoch ${epoch}, ${progress.weightUpdate} weight updates: ${values.join(", ")}`;
};
