/** Lines with their spread over seeds: of layers, inference steps, epochs or weight decays. */
import type { Mark } from "vega";
import { axisOf, scaleOf, widestLabel } from "../layout/axes.js";
import {
  type FigureOptions,
  type FigureSpec,
  figure,
  header,
  noDataFigure,
  widthOf,
} from "../layout/figure.js";
import { bandMark, lineMark, mark, paint, seriesStyle } from "../layout/marks.js";
import {
  AXIS_TITLE_HEIGHT,
  HEADING_HEIGHT,
  TICK_LABEL_HEIGHT,
  grid,
  panel,
  xTitle,
  yTitle,
} from "../layout/panels.js";
import {
  type AxisScale,
  linearAxis,
  logAxis,
  logAxisWithZero,
  withMargin,
} from "../layout/ticks.js";
import { type Maybe, isNumber, summarise } from "../statistics.js";

export interface Series {
  name: string;
  /** One list of points for each seed. */
  seeds: readonly (readonly { x: number; y: Maybe }[])[];
}

export interface LinesPanel {
  /** Above the panel, where there are several. */
  name?: string;
  yTitle: string;
  yScale?: "linear" | "log";
  series: readonly Series[];
}

export interface LinesOptions extends FigureOptions {
  /** What the lines are over, with its unit. */
  xTitle: string;
  /** `logWithZero` has 0 at a place of its own. */
  xScale?: "linear" | "log" | "logWithZero";
  defaultTitle: string;
}

/** Panels one below the other, with one x axis. */
export const linesFigure = (panels: readonly LinesPanel[], options: LinesOptions): FigureSpec => {
  const rows = panels.map(({ series }) => series.map(rowsOf));
  const xs = rows.flat(2).map(({ x }) => x);
  const x = xAxisOf(xs, options.xScale ?? "linear");
  const ys = panels.map(({ yScale = "linear" }, index) => {
    const values = rows[index]?.flat().flatMap(({ low, high, mean }) => [low, high, mean]) ?? [];
    return yScale === "log" ? logAxis(values, { count: 4 }) : linearAxis(values, { count: 4 });
  });
  if (x === null || ys.every((axis) => axis === null)) {
    return noDataFigure(options, options.defaultTitle);
  }
  const width = widthOf(options);
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const { marks, height: top } = header(options, names.length < 2 ? [] : names.map(keyEntry));
  const labels = Math.max(0, ...ys.map((axis) => (axis === null ? 0 : widestLabel(axis))));
  const hasHeadings = panels.some(({ name }) => name !== undefined);
  const layout = grid({
    count: panels.length,
    columns: 1,
    top: top + 4,
    left: AXIS_TITLE_HEIGHT + 10 + labels,
    right: width - 16,
    gapX: 0,
    gapY: 18,
    heading: hasHeadings ? HEADING_HEIGHT : 0,
    panelHeight: (panelWidth) => Math.max(120, panelWidth * (panels.length > 1 ? 0.42 : 0.55)),
  });
  panels.forEach((one, index) => {
    const cell = layout.cells[index];
    const y = ys[index];
    if (cell === undefined || y === null || y === undefined) return;
    const xAxis = withMargin(x.axis, 0.02);
    const lines = rows[index] ?? [];
    marks.push(
      ...panel(cell, {
        name: "lines",
        heading: one.name,
        data: lines.map((values, at) => ({
          name: `series-${at}`,
          values: values.map((row) => plotted(row, x.zeroPlace, one.yScale === "log")),
        })),
        scales: [scaleOf("x", xAxis, [0, cell.width]), scaleOf("y", y, [cell.height, 0])],
        axes: [
          axisOf("bottom", "x", xAxis, { labels: cell.isBottom }),
          axisOf("left", "y", y, { grid: true }),
        ],
        marks: one.series.flatMap(({ name }, at) =>
          seriesMarks(`series-${at}`, names.indexOf(name)),
        ),
      }),
      yTitle(one.yTitle, 11, { top: cell.y, bottom: cell.y + cell.height }),
    );
  });
  marks.push(xTitle(options.xTitle, layout));
  return figure({
    options,
    defaultTitle: options.defaultTitle,
    description: `${panels.map((one) => one.yTitle).join("; ")} over ${options.xTitle}, mean and standard deviation over seeds, of ${names.join(", ")}.`,
    height: layout.bottom + TICK_LABEL_HEIGHT + AXIS_TITLE_HEIGHT + 2,
    marks,
  });
};

interface Row {
  x: number;
  mean: number;
  low: number;
  high: number;
}

const rowsOf = ({ seeds }: Series): Row[] => {
  const points = seeds.flat();
  const xs = [...new Set(points.map(({ x }) => x))].filter(isNumber).sort((a, b) => a - b);
  return xs.flatMap((x) => {
    const found = summarise(points.filter((point) => point.x === x).map(({ y }) => y));
    return found === null ? [] : [{ x, mean: found.mean, low: found.low, high: found.high }];
  });
};

const xAxisOf = (
  xs: readonly number[],
  scale: "linear" | "log" | "logWithZero",
): { axis: AxisScale; zeroPlace: number | null } | null => {
  if (scale === "logWithZero") return logAxisWithZero(xs, { count: 6 });
  const axis =
    scale === "log" ? logAxis(xs, { count: 6 }) : linearAxis(xs, { count: 8, tight: true });
  if (axis === null) return null;
  // Of layers, steps and the like there are no halves.
  const whole = axis.ticks.filter(({ value }) => Number.isInteger(value));
  const isCounted = scale === "linear" && xs.every(Number.isInteger) && whole.length > 1;
  const ticks = whole.map(({ value }) => ({ value, label: String(value) }));
  return { axis: isCounted ? { ...axis, ticks } : axis, zeroPlace: null };
};

/** A log axis has no place for what is not above 0: such a mean is left out, such a lower end is the mean. */
const plotted = ({ x, mean, low, high }: Row, zeroPlace: number | null, isLog: boolean) => ({
  x: x === 0 && zeroPlace !== null ? zeroPlace : x,
  mean: isLog && mean <= 0 ? null : mean,
  low: isLog && low <= 0 ? mean : low,
  high,
});

const seriesMarks = (data: string, index: number): Mark[] => {
  const { colour, dash, symbol } = seriesStyle(index);
  return [
    bandMark("band", data, { x: "x", low: "low", high: "high", colour }),
    lineMark("line", data, { x: "x", y: "mean", colour, dash }),
    mark(
      "symbol",
      "point",
      {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "mean" },
        shape: { value: symbol },
        size: { value: 40 },
        fill: paint(colour),
        opacity: { signal: "isValid(datum.mean) ? 1 : 0" },
      },
      data,
    ),
  ];
};

const keyEntry = (label: string, index: number) => {
  const { colour, dash, symbol } = seriesStyle(index);
  return { label, line: { colour, dash }, symbol: { shape: symbol, colour } };
};
