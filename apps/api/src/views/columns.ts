/** What stands in the text tables of lists. */
import type { RunBody, SweepBody } from "@pclab/contracts";
import type { Columns } from "../http/textTables.js";

const percent = (share: number | undefined): string | null =>
  share === undefined ? null : (100 * share).toFixed(2);

export const RUN_COLUMNS: Columns = [
  ["id", ({ id }: RunBody) => id],
  ["name", ({ name }: RunBody) => name],
  ["seed", ({ spec }: RunBody) => spec.seed],
  ["state", ({ state, reason }: RunBody) => (reason === null ? state : `${state}:${reason}`)],
  ["done %", ({ progress }: RunBody) => Math.floor(100 * progress.fraction)],
  ["val %", ({ metrics }: RunBody) => percent(metrics.validation_accuracy)],
  ["test %", ({ metrics }: RunBody) => percent(metrics.test_accuracy)],
  ["train s", ({ metrics }: RunBody) => metrics.train_seconds],
  ["place", ({ queue }: RunBody) => queue?.position],
];

export const SWEEP_COLUMNS: Columns = [
  ["id", ({ id }: SweepBody) => id],
  ["name", ({ name }: SweepBody) => name.slice(0, 40)],
  ["state", ({ state }: SweepBody) => state],
  ["runs", (sweep: SweepBody) => sweep.run_count],
  [
    "ended",
    ({ counts }: SweepBody) => counts.succeeded + counts.failed + counts.canceled + counts.pruned,
  ],
  ["failed", ({ counts }: SweepBody) => counts.failed],
  ["tags", ({ tags }: SweepBody) => tags],
  ["created", (sweep: SweepBody) => sweep.created_at],
];
