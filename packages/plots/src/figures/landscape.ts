/** Figures 4 and 7 from above: contours of each model's loss landscape, on one colour scale. */
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
import { mark } from "../layout/marks.js";
import {
  AXIS_TITLE_HEIGHT,
  HEADING_HEIGHT,
  TICK_LABEL_HEIGHT,
  columnsFor,
  grid,
  panel,
  xTitle,
  yTitle,
} from "../layout/panels.js";
import { linearAxis } from "../layout/ticks.js";
import type { Maybe } from "../statistics.js";
import {
  KEY_HEIGHT,
  LEVEL_COUNT,
  type LevelOptions,
  levelKey,
  levelScale,
  levelsOf,
} from "./levels.js";

export interface Landscape {
  name: string;
  /** Points along each axis. */
  resolution: number;
  /** Ends of the grid along the first and the second direction. */
  x: readonly [number, number];
  y: readonly [number, number];
  /** The second direction varies fastest; null where the surface is not finite. */
  values: readonly Maybe[];
  /** The way of training in the plane, ending at the network; each [first, second]. */
  path?: readonly (readonly [number, number])[];
}

export type LandscapeOptions = FigureOptions & LevelOptions & { xTitle?: string; yTitle?: string };

const TITLE = "Loss landscapes";

export const landscapeFigure = (
  landscapes: readonly Landscape[],
  options: LandscapeOptions = {},
): FigureSpec => {
  const levels = levelsOf(
    landscapes.flatMap(({ values }) => values),
    options,
  );
  if (levels === null) return noDataFigure(options, TITLE);
  const width = widthOf(options);
  const { marks, height: top } = header(options, []);
  const columns = columnsFor(landscapes.length);
  const axes = landscapes.map(({ x, y, resolution }) => ({
    x: cellAxis(x, resolution),
    y: cellAxis(y, resolution),
  }));
  const layout = grid({
    count: landscapes.length,
    columns,
    top,
    left: AXIS_TITLE_HEIGHT + 10 + Math.max(...axes.map(({ y }) => widestLabel(y))),
    right: width - 12,
    gapX: 14,
    gapY: 6,
    heading: HEADING_HEIGHT,
    panelHeight: (panelWidth) => panelWidth,
  });
  landscapes.forEach((landscape, index) => {
    const cell = layout.cells[index];
    const axis = axes[index];
    if (cell === undefined || axis === undefined) return;
    marks.push(
      ...panel(cell, {
        name: "landscape",
        heading: landscape.name,
        data: contourData(landscape, levels.levelOf, cell),
        scales: [scaleOf("x", axis.x, [0, cell.width]), scaleOf("y", axis.y, [cell.height, 0])],
        axes: [
          axisOf("bottom", "x", axis.x, { labels: cell.isBottom }),
          axisOf("left", "y", axis.y, { labels: cell.isLeft }),
        ],
        marks: [
          mark("rect", "lowest", {
            width: { value: cell.width },
            height: { value: cell.height },
            fill: { scale: "level", value: 0 },
          }),
          contours,
          gaps,
          ...(landscape.path === undefined ? [] : wayMarks),
          ...networkMarks,
        ],
      }),
    );
  });
  const { xTitle: first = "Direction 1", yTitle: second = "Direction 2" } = options;
  marks.push(xTitle(first, layout), yTitle(second, 11, layout));
  const keyTop = layout.bottom + TICK_LABEL_HEIGHT + AXIS_TITLE_HEIGHT + 6;
  const keyWidth = Math.min(320, layout.right - layout.left);
  const title = options.valueTitle ?? "Loss per sample";
  const keyX = layout.left + (layout.right - layout.left - keyWidth) / 2;
  marks.push(...levelKey(levels, { x: keyX, y: keyTop, width: keyWidth, title }));
  const spec = figure({
    options,
    defaultTitle: TITLE,
    description: `Contours of the loss in a plane of weight space around the trained networks ${landscapes.map(({ name }) => name).join(", ")}, on one colour scale.`,
    height: keyTop + KEY_HEIGHT,
    marks,
  });
  return { ...spec, scales: [...(spec.scales ?? []), levelScale] };
};

/** A grid point stands for the cell around it, so the axis ends half a step beyond the outer points. */
const cellAxis = ([from, to]: readonly [number, number], resolution: number) => {
  const half = (to - from) / (resolution - 1) / 2;
  const axis = linearAxis([from - half, to + half], { count: 3, tight: true });
  if (axis === null) throw new Error("a landscape's range is not finite");
  return axis;
};

const contourData = (
  { resolution, values, path = [] }: Landscape,
  levelOf: (value: Maybe) => number | null,
  { width, height }: { width: number; height: number },
): Data[] => {
  const levels = values.map(levelOf);
  const at = (column: number, row: number): number | null =>
    levels[column * resolution + (resolution - 1 - row)] ?? null;
  const cells = Array.from({ length: resolution * resolution }, (_, index) => ({
    column: index % resolution,
    row: Math.floor(index / resolution),
  }));
  const step = { x: width / resolution, y: height / resolution };
  return [
    {
      name: "contours",
      values: [
        {
          grid: {
            width: resolution,
            height: resolution,
            // A gap is drawn over; beneath it the surface goes on at its top.
            values: cells.map(({ column, row }) => at(column, row) ?? 1),
          },
        },
      ],
      transform: [
        {
          type: "isocontour",
          field: "grid",
          scale: [step.x, step.y],
          thresholds: [
            ...Array.from({ length: LEVEL_COUNT }, (_, i) => (i + 1) / (LEVEL_COUNT + 1)),
            // What reaches the top, clipped or not, has the top's colour.
            1 - 1e-9,
          ],
          as: "contour",
        } as never,
        { type: "geopath", field: "contour" } as never,
      ],
    },
    {
      name: "gaps",
      values: cells
        .filter(({ column, row }) => at(column, row) === null)
        .map(({ column, row }) => ({
          x: column * step.x,
          y: row * step.y,
          width: step.x,
          height: step.y,
        })),
    },
    { name: "way", values: path.map(([x, y]) => ({ x, y })) },
  ];
};

const contours: Mark = {
  type: "path",
  name: "contour",
  from: { data: "contours" },
  clip: true,
  encode: {
    enter: {
      path: { field: "path" },
      fill: { scale: "level", field: "contour.value" },
      stroke: { value: "#ffffff" },
      strokeWidth: { value: 0.4 },
      strokeOpacity: { value: 0.7 },
    },
  },
};

const gaps: Mark = mark(
  "rect",
  "gap",
  {
    x: { field: "x" },
    y: { field: "y" },
    width: { field: "width" },
    height: { field: "height" },
    fill: { signal: "gap" },
  },
  "gaps",
);

const wayMarks: Mark[] = [
  {
    type: "line",
    name: "way-line",
    from: { data: "way" },
    clip: true,
    encode: {
      enter: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "y" },
        stroke: { value: "#ffffff" },
        strokeWidth: { value: 1.5 },
      },
    },
  },
  mark(
    "symbol",
    "way-point",
    {
      x: { scale: "x", field: "x" },
      y: { scale: "y", field: "y" },
      shape: { value: "circle" },
      size: { value: 22 },
      fill: { value: "#ffffff" },
      stroke: { value: "#000000" },
    },
    "way",
  ),
];

/** A cross of white on black at the origin, which any colour of the ramp leaves legible. */
const networkMarks: Mark[] = [
  { colour: "#000000", width: 4 },
  { colour: "#ffffff", width: 1.5 },
].flatMap(({ colour, width }) =>
  [
    { x: -6, y: 0 },
    { x: 0, y: -6 },
  ].map(({ x, y }) =>
    mark("rule", "network", {
      x: { scale: "x", value: 0, offset: x },
      x2: { scale: "x", value: 0, offset: -x },
      y: { scale: "y", value: 0, offset: y },
      y2: { scale: "y", value: 0, offset: -y },
      stroke: { value: colour },
      strokeWidth: { value: width },
    }),
  ),
);
