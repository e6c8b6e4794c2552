/** Figures 5 and 6: how weights are distributed, a row for each model and a column for each layer. */
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
import { lineMark, paint, textMark } from "../layout/marks.js";
import {
  AXIS_TITLE_HEIGHT,
  HEADING_HEIGHT,
  TICK_LABEL_HEIGHT,
  grid,
  panel,
  xTitle,
} from "../layout/panels.js";
import { fitText } from "../layout/text.js";
import { type AxisScale, numberLabel } from "../layout/ticks.js";

export interface Histogram {
  from: number;
  to: number;
  counts: readonly number[];
}

export interface SeedDistribution {
  now: { mean: number; sd: number; histogram: Histogram };
  initial: { histogram: Histogram };
}

export interface ModelDistributions {
  name: string;
  layers: readonly { layer: number; seeds: readonly SeedDistribution[] }[];
}

export interface WeightDistributionOptions extends FigureOptions {
  /** What is distributed, for the axis. */
  quantity?: string;
}

const TITLE = "Weight distributions";
const PANEL_HEIGHT = 62;
const GRID_POINTS = 81;
/** Beyond so many standard deviations there are single weights, and the middle would be a spike. */
const SHOWN_SDS = 4;

const KEY: readonly KeyEntry[] = [
  { label: "now, mean over seeds", fill: { colour: 0, opacity: 0.45 } },
  { label: "Gaussian of its mean and sd", line: { colour: 1, width: 1.5 } },
  { label: "at the start", line: { colour: "ink", dash: [3, 2], width: 1.2 } },
];

/** The first two layers and the last two. */
export const outerLayers = (count: number): number[] =>
  count <= 4 ? Array.from({ length: count }, (_, i) => i + 1) : [1, 2, count - 1, count];

export const weightDistributionsFigure = (
  models: readonly ModelDistributions[],
  options: WeightDistributionOptions = {},
): FigureSpec => {
  const shown = models.filter(({ layers }) => layers.some(({ seeds }) => seeds.length > 0));
  if (shown.length === 0) return noDataFigure(options, TITLE);
  const width = widthOf(options);
  const columns = outerLayers(Math.max(...shown.map(({ layers }) => layers.length)));
  const { marks, height: top } = header(options, KEY);
  const layout = grid({
    count: shown.length * columns.length,
    columns: columns.length,
    top: top + HEADING_HEIGHT,
    left: 8,
    right: width - 12,
    gapX: 10,
    gapY: 0,
    heading: HEADING_HEIGHT,
    panelHeight: () => PANEL_HEIGHT,
  });
  columns.forEach((layer, column) => {
    const cell = layout.cells[column];
    if (cell === undefined) return;
    marks.push(
      textMark(`layer ${layer}`, {
        x: cell.x + cell.width / 2,
        y: top + HEADING_HEIGHT / 2,
        align: "center",
        name: "layer",
      }),
    );
  });
  const ranges = columns.map((layer) => rangeOf(shown, layer));
  shown.forEach((model, row) => {
    columns.forEach((layer, column) => {
      const cell = layout.cells[row * columns.length + column];
      const range = ranges[column];
      if (cell === undefined || range === undefined) return;
      const axis = rangeAxis(range);
      const seeds = model.layers.find((one) => one.layer === layer)?.seeds ?? [];
      const densities = densitiesOf(seeds, range);
      const peak = Math.max(
        1e-12,
        ...densities.flatMap(({ now, initial, gaussian }) => [now, initial, gaussian]),
      );
      const y: AxisScale = { type: "linear", domain: [0, peak * 1.08], ticks: [] };
      marks.push(
        ...panel(cell, {
          name: "distribution",
          data: [{ name: "densities", values: densities }],
          scales: [scaleOf("x", axis, [0, cell.width]), scaleOf("y", y, [cell.height, 0])],
          axes: [axisOf("bottom", "x", axis, { labels: cell.isBottom })],
          marks: distributionMarks,
        }),
      );
    });
    const first = layout.cells[row * columns.length];
    if (first === undefined) return;
    marks.push(
      textMark(fitText(model.name, layout.right - layout.left), {
        x: first.x,
        y: first.y - HEADING_HEIGHT / 2 + 1,
        name: "model",
        bold: true,
      }),
    );
  });
  marks.push(xTitle(`${options.quantity ?? "Weight"} (density above it)`, layout));
  return figure({
    options,
    defaultTitle: TITLE,
    description: `Densities of the weights of layers ${columns.join(", ")} after training and at the start, mean over seeds, of ${shown.map(({ name }) => name).join(", ")}.`,
    height: layout.bottom + TICK_LABEL_HEIGHT + AXIS_TITLE_HEIGHT,
    marks,
  });
};

/** Symmetric, and wide enough for every model: half its width. */
const rangeOf = (models: readonly ModelDistributions[], layer: number): number => {
  const seeds = models.flatMap(({ layers }) =>
    layers.filter((one) => one.layer === layer).flatMap((one) => one.seeds),
  );
  const wanted = seeds.map(({ now, initial }) => {
    const whole = Math.max(now.histogram.to, -now.histogram.from);
    const start = Math.max(initial.histogram.to, -initial.histogram.from);
    return Math.min(Math.max(whole, start), Math.abs(now.mean) + SHOWN_SDS * now.sd);
  });
  return Math.max(1e-9, ...wanted);
};

/** Three ticks, so that neighbours' labels do not meet: zero, and a round value on each side. */
const rangeAxis = (range: number): AxisScale => {
  const power = 10 ** Math.floor(Math.log10(0.75 * range));
  const reach = ([5, 2, 1].find((digit) => digit * power <= 0.75 * range) ?? 1) * power;
  const ticks = [-reach, 0, reach].map((value) => ({ value, label: numberLabel(value, power) }));
  return { type: "linear", domain: [-range, range], ticks };
};

interface Density {
  x: number;
  now: number;
  initial: number;
  gaussian: number;
}

const densitiesOf = (seeds: readonly SeedDistribution[], range: number): Density[] =>
  seeds.length === 0
    ? []
    : Array.from({ length: GRID_POINTS }, (_, i) => {
        const x = -range + (2 * range * i) / (GRID_POINTS - 1);
        const mean = (of: (seed: SeedDistribution) => number): number =>
          seeds.reduce((sum, seed) => sum + of(seed) / seeds.length, 0);
        return {
          x,
          now: mean(({ now }) => densityAt(now.histogram, x)),
          initial: mean(({ initial }) => densityAt(initial.histogram, x)),
          gaussian: mean(({ now }) => gaussianAt(now, x)),
        };
      });

/** Seeds' histograms have ranges of their own: as densities they can be averaged. */
const densityAt = ({ from, to, counts }: Histogram, x: number): number => {
  const width = (to - from) / counts.length;
  if (!(width > 0) || x < from || x > to) return 0;
  const bin = Math.min(counts.length - 1, Math.floor((x - from) / width));
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : (counts[bin] ?? 0) / total / width;
};

const gaussianAt = ({ mean, sd }: { mean: number; sd: number }, x: number): number =>
  sd > 0 ? Math.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI)) : 0;

const distributionMarks: Mark[] = [
  {
    type: "area",
    name: "now",
    from: { data: "densities" },
    clip: true,
    encode: {
      enter: {
        x: { scale: "x", field: "x" },
        y: { scale: "y", field: "now" },
        y2: { scale: "y", value: 0 },
        interpolate: { value: "step" },
        fill: paint(0),
        fillOpacity: { value: 0.45 },
      },
    },
  },
  lineMark("gaussian", "densities", { x: "x", y: "gaussian", colour: 1, width: 1.5 }),
  lineMark("initial", "densities", {
    x: "x",
    y: "initial",
    colour: "ink",
    dash: [3, 2],
    width: 1.2,
  }),
];
