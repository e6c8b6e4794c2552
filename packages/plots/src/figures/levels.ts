/** The scale that the panels of a landscape share: from values of a surface to levels of one colour ramp. */
import type { Mark, Scale } from "vega";
import { mark, textMark } from "../layout/marks.js";
import { textWidth } from "../layout/text.js";
import { type AxisScale, linearAxis, logAxis } from "../layout/ticks.js";
import { type Maybe, isNumber } from "../statistics.js";

export interface LevelOptions {
  /** Default log: models' losses lie orders of magnitude apart. */
  scale?: "linear" | "log";
  /** Values above are drawn as this one. */
  clip?: number;
  /** What the values are, with their unit. */
  valueTitle?: string;
}

export interface Levels {
  axis: AxisScale;
  /** 0 at the lowest value, 1 at the highest or the clip; null where there is none, or it is negative and the scale a log. */
  levelOf: (value: Maybe) => number | null;
  isClipped: boolean;
}

/** Contours, and colours between them. */
export const LEVEL_COUNT = 14;

/** Null where no panel has a value. */
export const levelsOf = (
  values: readonly Maybe[],
  { scale = "log", clip }: LevelOptions,
): Levels | null => {
  const found = values.filter(isNumber).filter((value) => scale === "linear" || value > 0);
  if (found.length === 0) return null;
  const highest = found.reduce((most, value) => Math.max(most, value));
  const isClipped = clip !== undefined && highest > clip;
  const shown = isClipped ? found.map((value) => Math.min(value, clip)) : found;
  const axis =
    scale === "log" ? logAxis(shown, { count: 4 }) : linearAxis(shown, { count: 4, tight: true });
  if (axis === null) return null;
  const place = scale === "log" ? Math.log : (value: number) => value;
  const [low, high] = axis.domain.map(place) as [number, number];
  return {
    axis,
    isClipped,
    levelOf: (value) => {
      if (!isNumber(value) || (scale === "log" && value < 0)) return null;
      // A perfect loss has no logarithm, and is the lowest there is all the same.
      if (scale === "log" && value === 0) return 0;
      return Math.min(1, Math.max(0, (place(value) - low) / (high - low)));
    },
  };
};

/** Viridis: even in lightness, and told apart with every common colour blindness. */
export const levelScale: Scale = {
  name: "level",
  type: "linear",
  domain: [0, 1],
  range: { scheme: "viridis" },
};

const BAR_HEIGHT = 10;
export const KEY_HEIGHT = 52;

/** The ramp with its ticks, `width` wide, below `y`. */
export const levelKey = (
  { axis, levelOf, isClipped }: Levels,
  { x, y, width, title }: { x: number; y: number; width: number; title: string },
): Mark[] => {
  const steps = 60;
  const bars = Array.from({ length: steps }, (_, step) =>
    mark("rect", "ramp", {
      x: { value: x + (step * width) / steps },
      width: { value: width / steps + 0.5 },
      y: { value: y + 20 },
      height: { value: BAR_HEIGHT },
      fill: { scale: "level", value: (step + 0.5) / steps },
    }),
  );
  const last = axis.domain[1];
  // What is clipped is at the end of the ramp, whether or not that is a round value.
  const shownTicks = isClipped
    ? [
        ...axis.ticks.filter(({ value }) => value < last),
        { value: last, label: `≥ ${Number(last.toPrecision(3))}` },
      ]
    : axis.ticks;
  let taken = Number.POSITIVE_INFINITY;
  const ticks = shownTicks.toReversed().flatMap(({ value, label }) => {
    const level = levelOf(value);
    if (level === null) return [];
    const [centre, half] = [x + level * width, textWidth(label) / 2];
    if (centre + half > taken) return [];
    taken = centre - half - 6;
    return [
      mark("rule", "tick", {
        x: { value: centre },
        x2: { value: centre },
        y: { value: y + 20 + BAR_HEIGHT },
        y2: { value: y + 24 + BAR_HEIGHT },
        stroke: { signal: "ink" },
      }),
      textMark(label, { x: centre, y: y + 34 + BAR_HEIGHT, align: "center", name: "tick-label" }),
    ];
  });
  const caption = isClipped ? `${title}, clipped` : title;
  return [
    textMark(caption, { x: x + width / 2, y: y + 8, align: "center", name: "axis-title" }),
    ...bars,
    ...ticks,
  ];
};
