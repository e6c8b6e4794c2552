/** Figure 2: what each model reaches and how long it takes, over seeds. One row a model, since names are long. */
import type { Mark } from "vega";
import { axisOf, scaleOf } from "../layout/axes.js";
import {
  type FigureOptions,
  type FigureSpec,
  figure,
  header,
  noDataFigure,
  widthOf,
} from "../layout/figure.js";
import type { KeyEntry } from "../layout/key.js";
import { type Colour, mark, paint, textMark } from "../layout/marks.js";
import { type Cell, TICK_LABEL_HEIGHT, grid, panel, xTitle } from "../layout/panels.js";
import { fitText, textWidth } from "../layout/text.js";
import { type AxisScale, linearAxis, logAxis } from "../layout/ticks.js";
import { type Maybe, type Summary, isNumber, summarise } from "../statistics.js";
import { ROW_HEIGHT, bar, barData, barMarks, rowMiddle, whisker, whiskerMarks } from "./bars.js";

export interface SeedOutcome {
  /** Share of test images classified rightly, 0..1. */
  testAccuracy: Maybe;
  trainingSeconds: Maybe;
  /** Until 90 % of the final accuracy. */
  secondsToConvergence: Maybe;
  /** Whether other runs trained on the machine at the same time. */
  timing: "exclusive" | "shared";
}

export interface ModelOutcome {
  name: string;
  seeds: readonly SeedOutcome[];
}

export interface AccuracyAndTimeOptions extends FigureOptions {
  timeScale?: "linear" | "log";
}

const TITLE = "Test accuracy and training time";

export const accuracyAndTimeFigure = (
  models: readonly ModelOutcome[],
  options: AccuracyAndTimeOptions = {},
): FigureSpec => {
  const seeds = models.flatMap((model) => model.seeds);
  const times = seeds.flatMap((seed) => [seed.trainingSeconds, seed.secondsToConvergence]);
  const hasAccuracy = seeds.some((seed) => isNumber(seed.testAccuracy));
  if (!hasAccuracy && !times.some(isNumber)) return noDataFigure(options, TITLE);

  const width = widthOf(options);
  const rows = models.map(summariseModel);
  const names = models.map(({ name }) => fitText(name, width * 0.3));
  const left = Math.max(...names.map((name) => textWidth(name))) + 10;
  const { marks, height: top } = header(options, keyEntries(rows));
  const layout = grid({
    count: 2,
    columns: 2,
    top,
    left,
    right: width - 18,
    gapX: 50,
    gapY: 0,
    heading: 4,
    panelHeight: () => models.length * ROW_HEIGHT,
  });
  const [accuracyCell, timeCell] = layout.cells as [Cell, Cell];
  names.forEach((name, row) => {
    marks.push(
      textMark(name, {
        x: left - 8,
        y: layout.top + rowMiddle(row),
        align: "right",
        name: "model",
      }),
    );
  });
  marks.push(...accuracyPanel(accuracyCell, rows), ...timePanel(timeCell, rows, options));
  for (const [cell, title] of [
    [accuracyCell, "Test accuracy (%)"],
    [timeCell, "Training time (s)"],
  ] as const) {
    marks.push(xTitle(title, { ...layout, left: cell.x, right: cell.x + cell.width }));
  }
  return figure({
    options,
    defaultTitle: TITLE,
    description: `Bars for ${models.length} models, mean and standard deviation over seeds. ${models.map((model, i) => `${model.name}: ${accuracyLabel(rows[i]?.accuracy ?? null) || "no accuracy"} %`).join("; ")}.`,
    height: layout.bottom + TICK_LABEL_HEIGHT + 24,
    marks,
  });
};

interface Row {
  accuracies: readonly number[];
  accuracy: Summary | null;
  times: readonly number[];
  time: Summary | null;
  convergence: Summary | null;
  isShared: boolean;
}

const summariseModel = ({ seeds }: ModelOutcome): Row => {
  const accuracies = seeds
    .map(({ testAccuracy }) => testAccuracy)
    .filter(isNumber)
    .map((share) => share * 100);
  const times = seeds.map(({ trainingSeconds }) => trainingSeconds).filter(isNumber);
  return {
    accuracies,
    accuracy: summarise(accuracies),
    times,
    time: summarise(times),
    convergence: summarise(seeds.map(({ secondsToConvergence }) => secondsToConvergence)),
    isShared: seeds.some(({ timing }) => timing === "shared"),
  };
};

const accuracyLabel = (accuracy: Row["accuracy"]): string => {
  if (accuracy === null) return "";
  const mean = accuracy.mean.toFixed(1);
  return accuracy.sd === null ? mean : `${mean} ± ${accuracy.sd.toFixed(1)}`;
};

const ACCURACY_COLOUR = 0;
const TIME_COLOUR = 4;
const CONVERGENCE_COLOUR: Colour = "ink";

const accuracyPanel = (cell: Cell, rows: readonly Row[]): Mark[] => {
  const axis = linearAxis([0, 100], { count: 3 }) as AxisScale;
  const data = rows.map(({ accuracy, accuracies }, row) =>
    bar(row, accuracy, accuracies, { base: 0 }),
  );
  const labels = rows.map(({ accuracy, accuracies }, row) =>
    valueLabel(accuracy, accuracies, row, cell.width),
  );
  return panel(cell, {
    name: "accuracy",
    data: barData("accuracy", data),
    scales: [scaleOf("x", axis, [0, cell.width])],
    axes: [axisOf("bottom", "x", axis, { grid: true })],
    marks: [...barMarks("accuracy", ACCURACY_COLOUR), ...labels.flat()],
  });
};

/** The number itself: in the bar's foot, or beyond all that is drawn of the row; nowhere where neither has room. */
const valueLabel = (
  accuracy: Row["accuracy"],
  accuracies: readonly number[],
  row: number,
  width: number,
): Mark[] => {
  if (accuracy === null) return [noValue(row)];
  const text = accuracyLabel(accuracy);
  const reach = Math.min(accuracy.low, ...accuracies);
  const fits = (reach / 100) * width > textWidth(text) + 8;
  const beyond = (Math.max(accuracy.high, ...accuracies) / 100) * width + 8;
  if (!fits && beyond + textWidth(text) > width) return [];
  return [
    textMark(text, {
      x: fits ? 5 : beyond,
      y: rowMiddle(row),
      name: "value",
      colour: fits ? "paper" : "ink",
    }),
  ];
};

const noValue = (row: number): Mark =>
  textMark("no data", { x: 5, y: rowMiddle(row), name: "no-data" });

const timePanel = (
  cell: Cell,
  rows: readonly Row[],
  { timeScale = "linear" }: AccuracyAndTimeOptions,
): Mark[] => {
  const values = rows.flatMap(({ times, time, convergence }) => [
    ...times,
    time?.high,
    convergence?.mean,
    convergence?.high,
  ]);
  const count = Math.floor(cell.width / 45);
  const axis = timeScale === "log" ? logBarAxis(values, count) : linearBarAxis(values, count);
  if (axis === null) {
    return panel(cell, { name: "time", marks: rows.map((_, row) => noValue(row)) });
  }
  const base = axis.domain[0];
  const bars = rows.map(({ time, times, isShared }, row) =>
    bar(row, time, times, { base, isShared }),
  );
  const convergences = rows.flatMap(({ convergence }, row) =>
    convergence === null ? [] : [whisker(row, convergence, base)],
  );
  return panel(cell, {
    name: "time",
    data: [...barData("time", bars), { name: "convergences", values: convergences }],
    scales: [scaleOf("x", axis, [0, cell.width])],
    axes: [axisOf("bottom", "x", axis, { grid: true })],
    marks: [
      ...barMarks("time", TIME_COLOUR),
      ...convergenceMarks,
      ...rows.flatMap(({ time }, row) => (time === null ? [noValue(row)] : [])),
    ],
  });
};

/** A little beyond the longest whisker, with ticks at round values only. */
const linearBarAxis = (values: readonly Maybe[], count: number): AxisScale | null => {
  const found = values.filter(isNumber);
  if (found.length === 0) return null;
  return linearAxis([Math.max(...found) * 1.06], { count, include: [0], tight: true });
};

/** Bars need a foot: a whole decade below the least value. */
const logBarAxis = (values: readonly Maybe[], count: number): AxisScale | null => {
  const positive = values.filter(isNumber).filter((value) => value > 0);
  if (positive.length === 0) return null;
  const foot = 10 ** Math.floor(Math.log10(Math.min(...positive) / 1.5));
  return logAxis(values, { count, include: [foot, Math.max(...positive) * 1.1] });
};

const convergenceMarks: Mark[] = [
  ...whiskerMarks("convergence", "convergences", 6),
  mark(
    "symbol",
    "convergence",
    {
      x: { scale: "x", field: "mean" },
      y: { field: "y" },
      shape: { value: "diamond" },
      size: { value: 90 },
      fill: paint(CONVERGENCE_COLOUR),
      stroke: paint("paper"),
    },
    "convergences",
  ),
];

const keyEntries = (rows: readonly Row[]): KeyEntry[] => [
  { label: "mean ± sd over seeds", line: { colour: "ink", width: 1.5 } },
  { label: "one seed", symbol: { shape: "circle", colour: "ink", hollow: true, size: 22 } },
  ...(rows.some(({ convergence }) => convergence !== null)
    ? [
        {
          label: "90 % of its final accuracy",
          symbol: { shape: "diamond", colour: CONVERGENCE_COLOUR, size: 90 },
        },
      ]
    : []),
  ...(rows.some(({ isShared }) => isShared)
    ? [
        {
          label: "timed while other runs trained",
          fill: { colour: TIME_COLOUR, opacity: 0.3, dashed: true },
        },
      ]
    : []),
];
