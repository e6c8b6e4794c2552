/** One picture of what is watched: lines that fit the terminal. Pure, so that a test sees what a person would. */
import type { RunBody } from "@pclab/contracts";
import { bar, sparkline } from "../output/gauges.js";
import { duration, percent } from "../output/quantities.js";
import { differingColumns } from "../output/runFields.js";
import { nameColumns, stateColumn, wholePercent } from "../output/runTable.js";
import { type Style, paintState } from "../output/style.js";
import { renderTable } from "../output/table.js";
import { fit, printable } from "../output/text.js";
import type { Histories } from "./histories.js";
import type { Snapshot } from "./snapshot.js";

export interface FrameOptions {
  columns: number;
  rows: number;
  style: Style;
  histories: Histories;
  /** What a person should know, such as that the lab does not answer. */
  notice: string | null;
}

const BAR_COLUMNS = 12;
const CURVE_COLUMNS = 12;
const OVERALL_BAR_COLUMNS = 30;
const MOST_FIELDS = 2;
/** Lines that are no run: title, bar, blank, headings, what was left out, notice. */
const OTHER_LINES = 6;

export const renderFrame = (snapshot: Snapshot, options: FrameOptions): string[] => {
  const { style, columns, notice } = options;
  const { named, title, state, fraction, secondsLeft, tallies, runs } = snapshot;
  const heading = `${printable(title)}  ${named.id}`;
  const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
  const tally = [...tallies].join(", ");
  return [
    `${style.bold(fit(heading, Math.max(0, columns - state.length - 2)))}  ${paintState(style, state)}`,
    fit(
      `${bar(fraction, OVERALL_BAR_COLUMNS)}  ${wholePercent(fraction)}${left}  ${tally}`.trimEnd(),
      columns,
    ),
    ...(runs.length === 0 ? [] : ["", ...runLines(runs, options)]),
    ...(notice === null ? [] : [style.waiting(fit(notice, columns))]),
  ];
};

const runLines = (
  runs: readonly RunBody[],
  { columns, rows, style, histories }: FrameOptions,
): string[] => {
  const room = Math.max(1, rows - OTHER_LINES);
  const shown = runs.length <= room ? runs : [...runs].sort(byInterest).slice(0, room);
  const { low, high } = histories.range();
  const lines = renderTable<RunBody>(
    [
      ...nameColumns(runs),
      ...differingColumns(runs, MOST_FIELDS),
      { ...stateColumn, shrinkTo: 9 },
      {
        title: "progress",
        value: ({ progress }) =>
          `${bar(progress.fraction, BAR_COLUMNS)} ${wholePercent(progress.fraction).padStart(5)}`,
        dropOrder: 1,
      },
      {
        title: "accuracy",
        value: ({ id }) => sparkline(histories.of(id), { columns: CURVE_COLUMNS, low, high }),
        dropOrder: 3,
      },
      {
        title: "now",
        value: ({ metrics }) => percent(metrics.validation_accuracy),
        align: "right",
      },
      {
        title: "left",
        value: ({ state, progress }) =>
          state === "running" ? duration(progress.seconds_left) : "",
        align: "right",
        dropOrder: 2,
      },
    ],
    shown,
    { style, width: columns },
  );
  const hidden = runs.length - shown.length;
  return hidden === 0 ? lines : [...lines, style.dim(`… and ${hidden} more`)];
};

const STILL_STATES: ReadonlySet<RunBody["state"]> = new Set(["queued", "paused", "waiting_search"]);

/** What moves comes first, then what failed, what waits, what has ended; each in the order of the sweep. */
const byInterest = (a: RunBody, b: RunBody): number =>
  interestOf(a) - interestOf(b) || a.index - b.index;

const interestOf = ({ state, poll_after_ms }: RunBody): number => {
  if (state === "failed") return 1;
  if (poll_after_ms === null) return 3;
  return STILL_STATES.has(state) ? 2 : 0;
};
