/** Small multiples: panels of one size in rows, with the axes' labels on the outer ones alone. */
import type { Axis, Data, GroupMark, Mark, Scale } from "vega";
import { LABEL_SIZE } from "../theme.js";
import { paint, textMark } from "./marks.js";
import { fitText } from "./text.js";

export interface Cell {
  x: number;
  y: number;
  width: number;
  height: number;
  isLeft: boolean;
  isRight: boolean;
  /** Nothing stands below it in its column. */
  isBottom: boolean;
}

export interface Grid {
  cells: Cell[];
  /** Of all panels together, without their labels. */
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export interface GridOptions {
  count: number;
  columns: number;
  top: number;
  left: number;
  right: number;
  gapX: number;
  gapY: number;
  /** Pixels above each panel for its heading. */
  heading: number;
  /** Of one panel, from its width. */
  panelHeight: (panelWidth: number) => number;
}

export const HEADING_HEIGHT = 22;
export const AXIS_TITLE_HEIGHT = 22;
export const TICK_LABEL_HEIGHT = LABEL_SIZE + 10;

/** One panel fills the width; two and four stand in two columns, three and more than four in three. */
export const columnsFor = (count: number): number => (count < 3 ? count : count === 4 ? 2 : 3);

export const grid = (options: GridOptions): Grid => {
  const { count, columns, top, left, right, gapX, gapY, heading } = options;
  const width = Math.floor((right - left - (columns - 1) * gapX) / columns);
  const height = Math.round(options.panelHeight(width));
  const cells = Array.from({ length: count }, (_, index) => {
    const [column, row] = [index % columns, Math.floor(index / columns)];
    return {
      x: left + column * (width + gapX),
      y: top + heading + row * (height + heading + gapY),
      width,
      height,
      isLeft: column === 0,
      isRight: column === columns - 1 || index === count - 1,
      isBottom: index + columns >= count,
    };
  });
  const last = cells.at(-1);
  return {
    cells,
    top: top + heading,
    bottom: last ? last.y + last.height : top,
    left,
    right: left + columns * width + (columns - 1) * gapX,
  };
};

export interface PanelParts {
  name: string;
  heading?: string | undefined;
  data?: Data[];
  scales?: Scale[];
  axes?: Axis[];
  marks: Mark[];
  /** No frame, for panels that draw their own. */
  bare?: boolean;
}

export const panel = (
  { x, y, width, height }: Cell,
  { name, heading, data = [], scales = [], axes = [], marks, bare = false }: PanelParts,
): Mark[] => {
  const group: GroupMark = {
    type: "group",
    name,
    encode: {
      enter: {
        x: { value: x },
        y: { value: y },
        width: { value: width },
        height: { value: height },
        ...(bare ? {} : { stroke: paint("grid") }),
      },
    },
    // Grid lines are as long as these say; without them, as long as the figure.
    signals: [
      { name: "width", value: width },
      { name: "height", value: height },
    ],
    data,
    scales,
    axes,
    marks,
  };
  if (heading === undefined) return [group];
  const title = textMark(fitText(heading, width), {
    x: x + width / 2,
    y: y - HEADING_HEIGHT / 2 + 1,
    align: "center",
    name: "heading",
  });
  return [group, title];
};

/** In the middle of a panel that has nothing to show beside others that have. */
export const noDataMark = ({ width, height }: Pick<Cell, "width" | "height">): Mark =>
  textMark("no data", { x: width / 2, y: height / 2, align: "center", name: "no-data" });

/** The title of the x axis, once below the panels that share it. */
export const xTitle = (text: string, { left, right, bottom }: Grid): Mark =>
  textMark(text, {
    x: (left + right) / 2,
    y: bottom + TICK_LABEL_HEIGHT + AXIS_TITLE_HEIGHT / 2,
    align: "center",
    name: "axis-title",
  });

/** The title of a y axis, turned, its middle at `x`. */
export const yTitle = (
  text: string,
  x: number,
  { top, bottom }: Pick<Grid, "top" | "bottom">,
  colour: "ink" | "accuracyColour" | "lossColour" = "ink",
): Mark =>
  textMark(text, {
    x,
    y: (top + bottom) / 2,
    align: "center",
    angle: -90,
    name: "axis-title",
    colour,
  });
