/** Figures 4 and 7 as surfaces: the same landscapes in three dimensions, on one height and colour scale. */
import type { Mark } from "vega";
import {
  type FigureOptions,
  type FigureSpec,
  figure,
  header,
  noDataFigure,
  widthOf,
} from "../layout/figure.js";
import { mark, textMark } from "../layout/marks.js";
import { type Cell, HEADING_HEIGHT, columnsFor, grid, panel } from "../layout/panels.js";
import type { Landscape } from "./landscape.js";
import { KEY_HEIGHT, type LevelOptions, levelKey, levelScale, levelsOf } from "./levels.js";

const TITLE = "Loss landscapes";

/** Quads along an axis: more are finer than the mesh can show. */
const MOST_QUADS = 30;

/** Share of a panel's height that the base takes; the rest is for the surface. */
const BASE = 0.42;

export const landscapeSurfaceFigure = (
  landscapes: readonly Landscape[],
  options: FigureOptions & LevelOptions = {},
): FigureSpec => {
  const levels = levelsOf(
    landscapes.flatMap(({ values }) => values),
    options,
  );
  if (levels === null) return noDataFigure(options, TITLE);
  const width = widthOf(options);
  const { marks, height: top } = header(options, []);
  const layout = grid({
    count: landscapes.length,
    columns: columnsFor(landscapes.length),
    top,
    left: 6,
    right: width - 6,
    gapX: 8,
    gapY: 4,
    heading: HEADING_HEIGHT,
    panelHeight: (panelWidth) => panelWidth * 0.92,
  });
  landscapes.forEach((landscape, index) => {
    const cell = layout.cells[index];
    if (cell === undefined) return;
    const heights = landscape.values.map(levels.levelOf);
    marks.push(
      ...panel(cell, {
        name: "surface",
        bare: true,
        heading: landscape.name,
        data: [{ name: "quads", values: quadsOf(landscape.resolution, heights, cell) }],
        marks: [baseMark(cell), quads, ...directionLabels(cell)],
      }),
    );
  });
  const keyWidth = Math.min(320, width - 40);
  const title = options.valueTitle ?? "Loss per sample";
  marks.push(
    ...levelKey(levels, {
      x: (width - keyWidth) / 2,
      y: layout.bottom + 8,
      width: keyWidth,
      title,
    }),
  );
  const spec = figure({
    options,
    defaultTitle: TITLE,
    description: `The loss over a plane of weight space around the trained networks ${landscapes.map(({ name }) => name).join(", ")}, as surfaces of one height and colour scale.`,
    height: layout.bottom + 8 + KEY_HEIGHT,
    marks,
  });
  return { ...spec, scales: [...(spec.scales ?? []), levelScale] };
};

/** From the unit square and a height of 0..1 to the panel, by a parallel projection along the diagonal. */
const project = (
  { width, height }: Pick<Cell, "width" | "height">,
  [first, second, level]: readonly [number, number, number],
): readonly [number, number] => [
  width * (0.5 + (first - second) * 0.46),
  height * (1 - BASE + ((first + second) / 2) * (BASE - 0.08)) - level * height * (1 - BASE - 0.03),
];

const points = (cell: Cell, corners: readonly (readonly [number, number, number])[]): string =>
  `M${corners
    .map((corner) =>
      project(cell, corner)
        .map((pixel) => pixel.toFixed(1))
        .join(","),
    )
    .join("L")}Z`;

/** Farthest first; one without a value at a corner is a hole. */
const quadsOf = (
  resolution: number,
  levels: readonly (number | null)[],
  cell: Cell,
): { path: string; level: number }[] => {
  const stride = Math.max(1, Math.ceil((resolution - 1) / MOST_QUADS));
  const places = Array.from({ length: resolution }, (_, i) => i).filter(
    (i) => i % stride === 0 || i === resolution - 1,
  );
  const quadsFound = places.slice(0, -1).flatMap((first, i) =>
    places.slice(0, -1).flatMap((second, j) => {
      const [nextFirst, nextSecond] = [places[i + 1] ?? first, places[j + 1] ?? second];
      const corners = [
        [first, second],
        [nextFirst, second],
        [nextFirst, nextSecond],
        [first, nextSecond],
      ].map(([a = 0, b = 0]) => ({ a, b, level: levels[a * resolution + b] ?? null }));
      if (corners.some(({ level }) => level === null)) return [];
      const last = resolution - 1;
      return [
        {
          depth: first + second,
          level: corners.reduce((sum, { level }) => sum + (level ?? 0) / 4, 0),
          path: points(
            cell,
            corners.map(({ a, b, level }) => [a / last, b / last, level ?? 0] as const),
          ),
        },
      ];
    }),
  );
  return quadsFound.sort((a, b) => a.depth - b.depth).map(({ path, level }) => ({ path, level }));
};

const quads: Mark = mark(
  "path",
  "quad",
  {
    path: { field: "path" },
    fill: { scale: "level", field: "level" },
    stroke: { signal: "ink" },
    strokeWidth: { value: 0.25 },
    strokeOpacity: { value: 0.6 },
    strokeJoin: { value: "round" },
  },
  "quads",
);

/** The square beneath the surface. */
const baseMark = (cell: Cell): Mark =>
  mark("path", "base", {
    path: {
      value: points(cell, [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [0, 1, 0],
      ]),
    },
    stroke: { signal: "grid" },
  });

const directionLabels = (cell: Cell): Mark[] => {
  const [rightX, rightY] = project(cell, [1, 0.5, 0]);
  const [leftX, leftY] = project(cell, [0.5, 1, 0]);
  return [
    textMark("dir. 2", {
      x: rightX - 2,
      y: rightY + 12,
      align: "left",
      size: 12,
      name: "axis-title",
    }),
    textMark("dir. 1", {
      x: leftX + 2,
      y: leftY + 12,
      align: "right",
      size: 12,
      name: "axis-title",
    }),
  ];
};
