/** Sweeps as a table. */
import type { SweepBody } from "@pclab/contracts";
import { ago } from "./quantities.js";
import { paintState } from "./style.js";
import { type TableOptions, renderTable } from "./table.js";
import { printable } from "./text.js";

const NAME_COLUMNS = 12;

export const sweepTable = (
  sweeps: readonly SweepBody[],
  { nowMs, ...options }: TableOptions & { nowMs: number },
): string[] =>
  renderTable(
    [
      { title: "id", value: ({ id }) => id },
      { title: "name", value: ({ name }) => printable(name), shrinkTo: NAME_COLUMNS },
      {
        title: "state",
        value: ({ state }) => state,
        paint: (style, text, { state }) => paintState(style, state, text),
      },
      {
        title: "ended",
        value: ({ counts, planned_run_count }) =>
          `${counts.succeeded + counts.failed + counts.canceled + counts.pruned}/${planned_run_count}`,
        align: "right",
      },
      {
        title: "failed",
        value: ({ counts }) => (counts.failed === 0 ? "-" : String(counts.failed)),
        align: "right",
        paint: (style, text, { counts }) => (counts.failed === 0 ? text : style.bad(text)),
      },
      { title: "tags", value: ({ tags }) => tags.join(",") || "-", shrinkTo: 8, dropOrder: 2 },
      {
        title: "age",
        value: ({ created_at }) => ago(created_at, nowMs),
        align: "right",
        dropOrder: 1,
      },
    ],
    sweeps,
    options,
  );
