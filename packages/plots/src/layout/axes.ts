/** Axes of a panel as Vega wants them. What a tick says is looked up among the labels that the layout reckoned with. */
import type { Axis, Scale } from "vega";
import { textWidth } from "./text.js";
import type { AxisScale } from "./ticks.js";

/** `range` in pixels of the panel, from the axis's lower end to its upper. */
export const scaleOf = (
  name: string,
  { type, domain }: AxisScale,
  range: readonly [number, number],
): Scale => ({
  name,
  type,
  domain: [...domain],
  range: [...range],
  zero: false,
  nice: false,
});

export interface AxisOptions {
  /** Tick labels: only the outer panels of a grid have them. */
  labels?: boolean;
  grid?: boolean;
  /** A signal of the theme, for an axis that belongs to one line. */
  colour?: "accuracyColour" | "lossColour";
}

export const axisOf = (
  orient: "bottom" | "left" | "right",
  name: string,
  { ticks }: AxisScale,
  { labels = true, grid = false, colour }: AxisOptions = {},
): Axis => {
  const values = ticks.map(({ value }) => value);
  // Both lists are the layout's own: nothing that a user wrote comes into an expression.
  const text = {
    signal: `${JSON.stringify(ticks.map(({ label }) => label))}[indexof(${JSON.stringify(values)}, datum.value)]`,
  };
  return {
    orient,
    scale: name,
    values,
    grid,
    labels,
    zindex: 0,
    encode: {
      labels: { update: colour ? { text, fill: { signal: colour } } : { text } },
    },
  };
};

export const widestLabel = ({ ticks }: AxisScale): number =>
  Math.max(0, ...ticks.map(({ label }) => textWidth(label)));
