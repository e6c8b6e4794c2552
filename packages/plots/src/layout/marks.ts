/** The few kinds of marks that figures are made of, in terms of what a figure decides. */
import type { EncodeEntry, Mark } from "vega";
import { FONT, LABEL_SIZE } from "../theme.js";

export type ThemeColour = "paper" | "ink" | "grid" | "gap" | "accuracyColour" | "lossColour";

/** A colour of the theme, or the one of the series with this index. */
export type Colour = ThemeColour | number;

export const paint = (colour: Colour) =>
  typeof colour === "number"
    ? { scale: "series", value: colour % SERIES_COLOURS }
    : { signal: colour };

export const SERIES_COLOURS = 7;

const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 2.5], [9, 3, 2, 3], [4, 2]];
const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"] as const;

export interface SeriesStyle {
  colour: number;
  dash: readonly number[];
  symbol: (typeof SYMBOLS)[number];
}

/** Colours, dashes and symbols go round at different lengths: 210 series before two look the same. */
export const seriesStyle = (index: number): SeriesStyle => ({
  colour: index % SERIES_COLOURS,
  dash: DASHES[index % DASHES.length] ?? [],
  symbol: SYMBOLS[index % SYMBOLS.length] ?? "circle",
});

export interface TextOptions {
  x: number;
  y: number;
  name?: string;
  align?: "left" | "center" | "right";
  baseline?: "top" | "middle" | "bottom" | "alphabetic";
  size?: number;
  bold?: boolean;
  /** Degrees, clockwise. */
  angle?: number;
  colour?: Colour;
}

/** Text is a literal to Vega, never an expression, whoever wrote it. */
export const textMark = (
  text: string,
  {
    x,
    y,
    name = "label",
    align = "left",
    baseline = "middle",
    size = LABEL_SIZE,
    bold = false,
    angle = 0,
    colour = "ink",
  }: TextOptions,
): Mark => ({
  type: "text",
  name,
  encode: {
    enter: {
      x: { value: x },
      y: { value: y },
      text: { value: text },
      align: { value: align },
      baseline: { value: baseline },
      font: { value: FONT },
      fontSize: { value: size },
      fontWeight: { value: bold ? "bold" : "normal" },
      angle: { value: angle },
      fill: paint(colour),
    },
  },
});

/** One mark for each row of `data`, or one alone where there is none. */
export const mark = (
  type: "rule" | "rect" | "symbol" | "path" | "text",
  name: string,
  enter: EncodeEntry,
  data?: string,
): Mark => ({ type, name, ...(data === undefined ? {} : { from: { data } }), encode: { enter } });

/** A line through the rows of `data`, broken where `defined` names a field that is null. */
export const lineMark = (
  name: string,
  data: string,
  {
    x,
    y,
    yScale = "y",
    colour,
    dash = [],
    width = 2,
  }: {
    x: string;
    y: string;
    yScale?: string;
    colour: Colour;
    dash?: readonly number[];
    width?: number;
  },
): Mark => ({
  type: "line",
  name,
  from: { data },
  clip: true,
  encode: {
    enter: {
      x: { scale: "x", field: x },
      y: { scale: yScale, field: y },
      defined: { signal: `isValid(datum["${y}"])` },
      stroke: paint(colour),
      strokeWidth: { value: width },
      strokeDash: { value: [...dash] },
      strokeJoin: { value: "round" },
    },
  },
});

/** The band between two fields of the rows of `data`. */
export const bandMark = (
  name: string,
  data: string,
  {
    x,
    low,
    high,
    yScale = "y",
    colour,
  }: { x: string; low: string; high: string; yScale?: string; colour: Colour },
): Mark => ({
  type: "area",
  name,
  from: { data },
  clip: true,
  encode: {
    enter: {
      x: { scale: "x", field: x },
      y: { scale: yScale, field: low },
      y2: { scale: yScale, field: high },
      defined: { signal: `isValid(datum["${low}"])` },
      fill: paint(colour),
      fillOpacity: { value: 0.2 },
    },
  },
});
