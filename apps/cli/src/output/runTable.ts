/** Runs as a table. */
import type { RunBody } from "@pclab/contracts";
import { duration, percent } from "./quantities.js";
import { differingColumns } from "./runFields.js";
import { paintState } from "./style.js";
import { type TableColumn, type TableOptions, renderTable } from "./table.js";

/** `failed: diverged`. */
export const stateText = ({ state, reason }: Pick<RunBody, "state" | "reason">): string =>
  reason === null ? state : `${state}: ${reason}`;

export const nameColumns = (runs: readonly RunBody[]): TableColumn<RunBody>[] => [
  { title: "run", value: ({ name }) => name },
  ...(new Set(runs.map(({ spec }) => spec.seed)).size > 1
    ? [
        {
          title: "seed",
          value: ({ spec }: RunBody) => String(spec.seed),
          align: "right",
        } satisfies TableColumn<RunBody>,
      ]
    : []),
];

export const stateColumn: TableColumn<RunBody> = {
  title: "state",
  value: stateText,
  paint: (style, text, { state }) => paintState(style, state, text),
};

const MOST_FIELDS = 3;

export const runTable = (runs: readonly RunBody[], options: TableOptions): string[] =>
  renderTable(
    [
      { title: "id", value: ({ id }) => id },
      ...nameColumns(runs),
      ...differingColumns(runs, MOST_FIELDS),
      stateColumn,
      { title: "done", value: ({ progress }) => wholePercent(progress.fraction), align: "right" },
      {
        title: "validation",
        value: ({ metrics }) => percent(metrics.validation_accuracy),
        align: "right",
      },
      {
        title: "test",
        value: ({ metrics }) => percent(metrics.test_accuracy),
        align: "right",
        dropOrder: 2,
      },
      {
        title: "training",
        value: ({ metrics }) => duration(metrics.train_seconds),
        align: "right",
        dropOrder: 1,
      },
      ...(runs.some(({ queue }) => queue !== null)
        ? [
            {
              title: "place",
              value: ({ queue }: RunBody) => (queue === null ? "-" : String(queue.position)),
              align: "right",
              dropOrder: 3,
            } satisfies TableColumn<RunBody>,
          ]
        : []),
    ],
    runs,
    options,
  );

/** Never 100 % before the end. */
export const wholePercent = (fraction: number): string => `${Math.floor(100 * fraction)} %`;
