/** A sweep's runs as aligned lines for people. */
import type { RunBody } from "@pclab/contracts";

const columns: readonly { title: string; value: (run: RunBody) => string; right?: boolean }[] = [
  { title: "run", value: (run) => run.name },
  {
    title: "state",
    value: (run) => (run.reason === null ? run.state : `${run.state}: ${run.reason}`),
  },
  { title: "learning rate", value: (run) => String(run.spec.learning_rate), right: true },
  { title: "inference steps", value: inferenceSteps, right: true },
  { title: "weight updates", value: (run) => String(run.progress.weight_updates), right: true },
  { title: "validation", value: (run) => percent(run.metrics.validation_accuracy), right: true },
  { title: "test", value: (run) => percent(run.metrics.test_accuracy), right: true },
  { title: "training", value: (run) => seconds(run.metrics.train_seconds), right: true },
];

/** One line a run under a line of titles. */
export function runTable(runs: readonly RunBody[]): string {
  const cells = [columns.map(({ title }) => title)];
  for (const run of runs) cells.push(columns.map(({ value }) => value(run)));
  const widths = columns.map((_, place) =>
    Math.max(...cells.map((row) => row[place]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, place) =>
          columns[place]?.right
            ? cell.padStart(widths[place] ?? 0)
            : cell.padEnd(widths[place] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Backpropagation has none. */
function inferenceSteps({ spec }: RunBody): string {
  const { algorithm, inference } = spec;
  return algorithm === "bp" || inference?.steps === undefined ? "-" : String(inference.steps);
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "-" : `${(share * 100).toFixed(1)} %`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}
