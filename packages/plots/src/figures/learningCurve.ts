/** Figure 3: test accuracy in red, train loss dotted and test loss in blue, over epochs; a panel for each model. */
import type { Data, Mark } from "vega";
import { axisOf, scaleOf, widestLabel } from "../layout/axes.js";
import {
  type FigureOptions,
  type FigureSpec,
  figure,
  header,
  noDataFigure,
  widthOf,
} from "../layout/figure.js";
import type { KeyEntry } from "../layout/key.js";
import { bandMark, lineMark, mark, paint } from "../layout/marks.js";
import {
  AXIS_TITLE_HEIGHT,
  HEADING_HEIGHT,
  TICK_LABEL_HEIGHT,
  grid,
  noDataMark,
  panel,
  xTitle,
  yTitle,
} from "../layout/panels.js";
import { type AxisScale, extent, linearAxis, logAxis, withMargin } from "../layout/ticks.js";
import { type LearningCurve, hasValue, lossValues, plotted, rowsOf } from "./learningCurveRows.js";

export interface LearningCurveOptions extends FigureOptions {
  lossScale?: "linear" | "log";
  /** What the loss is counted in, for its axis. */
  lossUnit?: string;
}

const TITLE = "Learning curve";

const KEY: readonly KeyEntry[] = [
  {
    label: "test accuracy",
    line: { colour: "accuracyColour" },
    symbol: { shape: "circle", colour: "accuracyColour", size: 24 },
  },
  { label: "train loss", line: { colour: "lossColour", dash: [2, 2.5] } },
  { label: "test loss", line: { colour: "lossColour" } },
];

export const learningCurveFigure = (
  curves: readonly LearningCurve[],
  options: LearningCurveOptions = {},
): FigureSpec => {
  const panels = curves.map(({ name, seeds }) => ({ name, rows: rowsOf(seeds) }));
  const rows = panels.flatMap((one) => one.rows);
  const epochs = rows.map(({ epoch }) => epoch);
  const isLog = options.lossScale === "log";
  const losses = rows.flatMap(lossValues);
  const accuracyAxis = linearAxis(
    rows.flatMap(({ testAccuracy }) => [testAccuracy?.low, testAccuracy?.high]),
    { count: 4 },
  );
  const lossAxis = isLog ? logAxis(losses, { count: 4 }) : linearAxis(losses, { count: 4 });
  if (accuracyAxis === null && lossAxis === null) return noDataFigure(options, TITLE);

  const width = widthOf(options);
  const seedCount = Math.max(...curves.map(({ seeds }) => seeds.length));
  const band: KeyEntry = { label: "± sd over seeds", fill: { colour: "gap", opacity: 0.5 } };
  const { marks, height: top } = header(options, seedCount > 1 ? [...KEY, band] : KEY);
  const columns = Math.min(2, curves.length);
  const room = (axis: AxisScale | null) => (axis ? widestLabel(axis) + 10 + AXIS_TITLE_HEIGHT : 8);
  const hasHeadings = curves.length > 1;
  const layout = grid({
    count: curves.length,
    columns,
    top,
    left: room(accuracyAxis),
    right: width - room(lossAxis),
    gapX: 24,
    gapY: hasHeadings && curves.length > columns ? TICK_LABEL_HEIGHT : 0,
    heading: hasHeadings ? HEADING_HEIGHT : 0,
    panelHeight: (panelWidth) => Math.max(110, panelWidth * (columns === 1 ? 0.6 : 0.8)),
  });
  const epochAxis = linearAxis(epochs, {
    count: Math.max(2, Math.floor((layout.cells[0]?.width ?? 0) / 45)),
    tight: true,
  });
  panels.forEach(({ name, rows }, index) => {
    const cell = layout.cells[index];
    if (cell === undefined || epochAxis === null) return;
    const xAxis = withMargin(wholeTicks(epochAxis), 0.02);
    marks.push(
      ...panel(cell, {
        name: "panel",
        heading: hasHeadings ? name : undefined,
        data: [{ name: "rows", values: rows.map((row) => plotted(row, isLog)) }] satisfies Data[],
        scales: [
          scaleOf("x", xAxis, [0, cell.width]),
          ...(accuracyAxis ? [scaleOf("accuracyY", accuracyAxis, [cell.height, 0])] : []),
          ...(lossAxis ? [scaleOf("lossY", lossAxis, [cell.height, 0])] : []),
        ],
        axes: [
          axisOf("bottom", "x", xAxis, { labels: cell.isBottom }),
          ...(accuracyAxis
            ? [
                axisOf("left", "accuracyY", accuracyAxis, {
                  labels: cell.isLeft,
                  grid: true,
                  colour: "accuracyColour",
                }),
              ]
            : []),
          ...(lossAxis
            ? [
                axisOf("right", "lossY", lossAxis, {
                  labels: cell.isRight,
                  colour: "lossColour",
                }),
              ]
            : []),
        ],
        marks: !rows.some(hasValue)
          ? [noDataMark(cell)]
          : [...(lossAxis ? lossMarks : []), ...(accuracyAxis ? accuracyMarks(rows.length) : [])],
      }),
    );
  });
  marks.push(xTitle("Epoch", layout));
  if (accuracyAxis) marks.push(yTitle("Test accuracy (%)", 11, layout, "accuracyColour"));
  if (lossAxis) {
    const unit = options.lossUnit === undefined ? "" : ` (${options.lossUnit})`;
    marks.push(yTitle(`Loss${unit}`, width - 11, layout, "lossColour"));
  }
  return figure({
    options,
    defaultTitle: TITLE,
    description: `Test accuracy, train loss and test loss over epochs, mean and standard deviation over seeds, of ${curves.map(({ name }) => name).join(", ")}.`,
    height: layout.bottom + TICK_LABEL_HEIGHT + AXIS_TITLE_HEIGHT + 2,
    marks,
  });
};

/** There is no half an epoch, unless the data say so. */
const wholeTicks = (axis: AxisScale): AxisScale => {
  const [low, high] = extent([...axis.domain]);
  const whole = axis.ticks.filter(({ value }) => Number.isInteger(value));
  return whole.length > 0
    ? { ...axis, ticks: whole }
    : { ...axis, ticks: [low, high].map((value) => ({ value, label: String(value) })) };
};

const lossMarks: Mark[] = [
  ...(["trainLoss", "testLoss"] as const).map((metric) =>
    bandMark(`band-${metric}`, "rows", {
      x: "epoch",
      low: `${metric}Low`,
      high: `${metric}High`,
      yScale: "lossY",
      colour: "lossColour",
    }),
  ),
  lineMark("trainLoss", "rows", {
    x: "epoch",
    y: "trainLoss",
    yScale: "lossY",
    colour: "lossColour",
    dash: [2, 2.5],
  }),
  lineMark("testLoss", "rows", {
    x: "epoch",
    y: "testLoss",
    yScale: "lossY",
    colour: "lossColour",
  }),
];

/** Symbols besides the colour tell accuracy from loss, on every few epochs where there are many. */
const accuracyMarks = (count: number): Mark[] => [
  bandMark("band-testAccuracy", "rows", {
    x: "epoch",
    low: "testAccuracyLow",
    high: "testAccuracyHigh",
    yScale: "accuracyY",
    colour: "accuracyColour",
  }),
  lineMark("testAccuracy", "rows", {
    x: "epoch",
    y: "testAccuracy",
    yScale: "accuracyY",
    colour: "accuracyColour",
  }),
  mark(
    "symbol",
    "point-testAccuracy",
    {
      x: { scale: "x", field: "epoch" },
      y: { scale: "accuracyY", field: "testAccuracy" },
      shape: { value: "circle" },
      size: { value: 24 },
      fill: paint("accuracyColour"),
      opacity: {
        signal: `isValid(datum.testAccuracy) && datum.epoch % ${Math.ceil(count / 15)} === 0 ? 1 : 0`,
      },
    },
    "rows",
  ),
];
