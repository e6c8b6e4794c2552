/** Horizontal bars in rows: the mean over seeds, a whisker of one standard deviation, and each seed beside it. */
import type { Mark } from "vega";
import { mark, paint } from "../layout/marks.js";
import type { Summary } from "../statistics.js";

export const ROW_HEIGHT = 40;
const BAR_HEIGHT = 22;

export const rowMiddle = (row: number): number => (row + 0.5) * ROW_HEIGHT;

interface Whisker {
  y: number;
  mean: number;
  low: number;
  high: number;
}

export interface Bar {
  rows: (Whisker & { base: number; isShared: boolean })[];
  seeds: { y: number; value: number; isShared: boolean }[];
}

/** Whiskers end at the axis where they would go beyond it: a log axis has no place for mean - sd below 0. */
export const whisker = (row: number, { mean, low, high }: Summary, base: number) => ({
  y: rowMiddle(row),
  mean,
  low: Math.max(low, base),
  high,
});

export const bar = (
  row: number,
  summary: Summary | null,
  seeds: readonly number[],
  { base, isShared = false }: { base: number; isShared?: boolean },
): Bar => ({
  rows: summary === null ? [] : [{ ...whisker(row, summary, base), base, isShared }],
  seeds: seeds.map((value, i) => ({
    // Side by side across the bar, so that equal seeds can be told apart.
    y:
      rowMiddle(row) + (seeds.length === 1 ? 0 : (i / (seeds.length - 1) - 0.5) * BAR_HEIGHT * 0.7),
    value: Math.max(value, base),
    isShared,
  })),
});

export const barData = (name: string, bars: readonly Bar[]) => [
  { name: `${name}-bars`, values: bars.flatMap(({ rows }) => rows) },
  { name: `${name}-seeds`, values: bars.flatMap(({ seeds }) => seeds) },
];

export const barMarks = (name: string, colour: number): Mark[] => [
  mark(
    "rect",
    `bar-${name}`,
    {
      x: { scale: "x", field: "base" },
      x2: { scale: "x", field: "mean" },
      yc: { field: "y" },
      height: { value: BAR_HEIGHT },
      fill: paint(colour),
      fillOpacity: { signal: "datum.isShared ? 0.3 : 1" },
      stroke: paint(colour),
      strokeDash: { signal: "datum.isShared ? [4, 3] : []" },
    },
    `${name}-bars`,
  ),
  ...whiskerMarks(name, `${name}-bars`, 10),
  mark(
    "symbol",
    `seed-${name}`,
    {
      x: { scale: "x", field: "value" },
      y: { field: "y" },
      shape: { value: "circle" },
      size: { value: 22 },
      fill: paint("paper"),
      stroke: paint("ink"),
      strokeWidth: { value: 1 },
    },
    `${name}-seeds`,
  ),
];

/** A line from mean - sd to mean + sd with a cap at each end. */
export const whiskerMarks = (name: string, data: string, capHeight: number): Mark[] => [
  mark(
    "rule",
    `whisker-${name}`,
    {
      x: { scale: "x", field: "low" },
      x2: { scale: "x", field: "high" },
      y: { field: "y" },
      stroke: paint("ink"),
      strokeWidth: { value: 1.5 },
    },
    data,
  ),
  ...(["low", "high"] as const).map((end) =>
    mark(
      "rule",
      `cap-${name}`,
      {
        x: { scale: "x", field: end },
        y: { field: "y", offset: -capHeight / 2 },
        y2: { field: "y", offset: capHeight / 2 },
        stroke: paint("ink"),
        strokeWidth: { value: 1.5 },
        opacity: { signal: "datum.low < datum.high ? 1 : 0" },
      },
      data,
    ),
  ),
];
