/** The figures of a sweep, each made from one network's models. */
import type { AnalysisFinding, ModelGroup, RunResult } from "@pclab/core";
import { lastValue, measuredOf } from "@pclab/core";
import {
  type FigureSpec,
  type Landscape,
  type LandscapeOptions,
  accuracyAndTimeFigure,
  landscapeFigure,
  landscapeSurfaceFigure,
  learningCurveFigure,
  linesFigure,
  weightDistributionsFigure,
} from "@pclab/plots";
import type { Network } from "./networks.js";

export type PlotOptions = Pick<LandscapeOptions, "scale" | "clip">;

interface Plot {
  /** In a report, below the figure. */
  caption: string;
  /** Whether the network has anything of it. */
  has: (network: Network) => boolean;
  draw: (network: Network, options: PlotOptions) => FigureSpec;
}

type Kind = AnalysisFinding["kind"];

const findingOf = <K extends Kind>(
  { analyses }: RunResult,
  kind: K,
): Extract<AnalysisFinding, { kind: K }> | null =>
  analyses.find((one): one is Extract<AnalysisFinding, { kind: K }> => one.kind === kind) ?? null;

const someHas = (groups: readonly ModelGroup[], kind: Kind): boolean =>
  groups.some(({ succeeded }) => succeeded.some((run) => findingOf(run, kind) !== null));

const hasMetrics = ({ models }: Network): boolean =>
  models.some(({ runs }) => runs.some(({ metrics }) => metrics.length > 0));

/** The landscape of the group's first seed that has one along these directions. */
const landscapeOf = (
  { label, succeeded }: ModelGroup,
  directions: "random" | "principal",
): Landscape[] => {
  for (const run of succeeded) {
    const found = run.analyses.find(
      (one): one is Extract<AnalysisFinding, { kind: "landscape" }> =>
        one.kind === "landscape" &&
        one.settings.dimensions === 2 &&
        one.settings.surface === "loss" &&
        one.settings.directions === directions,
    );
    if (found === undefined) continue;
    const { resolution, range, centre = [0, 0] } = found.settings;
    const ends = ([a = 0, b = 0]: readonly number[]) =>
      [
        [a - range, a + range],
        [b - range, b + range],
      ] as const;
    const [x, y] = ends(centre);
    const path = found.result.trajectory?.coordinates.map(([a = 0, b = 0]) => [a, b] as const);
    return [
      {
        name: label,
        resolution,
        x,
        y,
        values: found.values,
        ...(directions === "principal" && path !== undefined ? { path } : {}),
      },
    ];
  }
  return [];
};

const landscapes = (groups: readonly ModelGroup[], directions: "random" | "principal") =>
  groups.flatMap((group) => landscapeOf(group, directions));

const distributions = (groups: readonly ModelGroup[]) =>
  groups.map(({ label, succeeded }) => {
    const found = succeeded.flatMap((run) => findingOf(run, "weights")?.result.layers ?? []);
    const layers = [...new Set(found.map(({ layer }) => layer))];
    return {
      name: label,
      layers: layers.map((layer) => ({
        layer,
        seeds: found.filter((one) => one.layer === layer).map(({ weights }) => weights),
      })),
    };
  });

/** By their names, in the order of the paper's figures. */
export const PLOTS: Readonly<Record<string, Plot>> = {
  accuracy: {
    caption: "Figure 2: test accuracy, training time, and time to 90 % of the final accuracy.",
    has: hasMetrics,
    draw: ({ models }) =>
      accuracyAndTimeFigure(
        models.map(({ label, succeeded }) => ({
          name: label,
          seeds: succeeded.map((run) => ({
            testAccuracy: measuredOf(run, "testAccuracy"),
            trainingSeconds: measuredOf(run, "trainSeconds"),
            secondsToConvergence: measuredOf(run, "secondsTo90"),
            timing: run.spec.timing,
          })),
        })),
        { timeScale: "log" },
      ),
  },
  "learning-curve": {
    caption: "Figure 3: learning curves; test accuracy, train loss and test loss over epochs.",
    has: hasMetrics,
    draw: ({ models }) =>
      learningCurveFigure(
        models.map(({ label, runs }) => ({
          name: label,
          seeds: runs.map((run) => ({ points: curveOf(run) })),
        })),
        { lossUnit: "per sample", lossScale: "log" },
      ),
  },
  landscape: {
    caption:
      "Figure 4: loss landscapes along two filter-normalised random directions, the same draws for every model; the first seed's.",
    has: ({ models }) => landscapes(models, "random").length > 0,
    draw: ({ models }, options) => landscapeFigure(landscapes(models, "random"), options),
  },
  "landscape-surface": {
    caption: "Figure 4, as surfaces.",
    has: ({ models }) => landscapes(models, "random").length > 0,
    draw: ({ models }, options) => landscapeSurfaceFigure(landscapes(models, "random"), options),
  },
  weights: {
    caption: "Figure 5: weight distributions of the first two and the last two layers.",
    has: ({ models }) => someHas(models, "weights"),
    draw: ({ models }) => weightDistributionsFigure(distributions(models), { width: 560 }),
  },
  "weight-decay": {
    caption: "Figure 6: what weight decay costs and gives.",
    has: ({ decays }) => decays.length > 0,
    draw: ({ decays }) => decayFigure(decays),
  },
  "weight-decay-weights": {
    caption: "Figure 6: weight distributions under weight decay.",
    has: ({ decays }) => decays.length > 0 && someHas(decays, "weights"),
    draw: ({ decays }) => weightDistributionsFigure(distributions(decays), { width: 560 }),
  },
  "weight-decay-landscape": {
    caption: "Figure 7: loss landscapes under weight decay; the first seed's.",
    has: ({ decays }) => landscapes(decays, "random").length > 0,
    draw: ({ decays }, options) => landscapeFigure(landscapes(decays, "random"), options),
  },
  "weight-decay-surface": {
    caption: "Figure 7, as surfaces.",
    has: ({ decays }) => landscapes(decays, "random").length > 0,
    draw: ({ decays }, options) => landscapeSurfaceFigure(landscapes(decays, "random"), options),
  },
  trajectory: {
    caption:
      "The way of training through the loss landscape, along its two principal components; the axes are as long as the way.",
    has: ({ models }) => landscapes(models, "principal").length > 0,
    draw: ({ models }, options) =>
      landscapeFigure(landscapes(models, "principal"), {
        ...options,
        xTitle: "Principal component 1",
        yTitle: "Principal component 2",
      }),
  },
  convergence: {
    caption:
      "Condition 2: Q above its equilibrium after so many inference steps (Gauss-Newton: iterations), on a probe batch.",
    has: ({ models }) => someHas(models, "phase"),
    draw: ({ models }) => convergenceFigure(models),
  },
  alignment: {
    caption: "Cosine of PC's update with BP's, layer by layer, at the end of training.",
    has: ({ models }) => someHas(models, "alignment"),
    draw: ({ models }) => alignmentFigure(models),
  },
};

const curveOf = (run: RunResult) => {
  const updates = [...new Set(run.metrics.map(({ weightUpdate }) => weightUpdate))];
  const valueAt = (update: number, name: string): number | null =>
    run.metrics.find((row) => row.weightUpdate === update && row.name === name)?.value ?? null;
  return updates.flatMap((update) => {
    const epoch = valueAt(update, "epoch");
    if (epoch === null) return [];
    return [
      {
        epoch,
        testAccuracy: valueAt(update, "test_accuracy"),
        trainLoss: valueAt(update, "train_loss"),
        testLoss: valueAt(update, "test_loss"),
      },
    ];
  });
};

const decayFigure = (decays: readonly ModelGroup[]): FigureSpec => {
  const [first] = decays;
  const name = first?.succeeded[0]?.name ?? "model";
  const over = (value: (run: RunResult) => number | null) => [
    {
      name,
      seeds: decays.flatMap(({ spec, succeeded }) =>
        succeeded.map((run) => [{ x: spec.weightDecay, y: value(run) }]),
      ),
    },
  ];
  const percent = (run: RunResult): number | null => {
    const share = measuredOf(run, "testAccuracy");
    return share === null ? null : 100 * share;
  };
  return linesFigure(
    [
      { yTitle: "Test accuracy (%)", series: over(percent) },
      { yTitle: "Test loss", series: over((run) => lastValue(run, "test_loss")) },
    ],
    { xTitle: "Weight decay", xScale: "logWithZero", defaultTitle: "Weight decay" },
  );
};

const convergenceFigure = (models: readonly ModelGroup[]): FigureSpec =>
  linesFigure(
    [
      {
        yTitle: "Excess of Q",
        yScale: "log",
        series: models
          .filter((group) => someHas([group], "phase"))
          .map(({ label, succeeded }) => ({
            name: label,
            seeds: succeeded.flatMap((run) => {
              const points = findingOf(run, "phase")?.result.points;
              return points === undefined
                ? []
                : [points.slice(1).map(({ steps, relative_excess: y }) => ({ x: steps, y }))];
            }),
          })),
      },
    ],
    { xTitle: "Inference steps", xScale: "log", defaultTitle: "Convergence of inference" },
  );

const alignmentFigure = (models: readonly ModelGroup[]): FigureSpec =>
  linesFigure(
    [
      {
        yTitle: "Cosine with BP's update",
        series: models
          .filter((group) => someHas([group], "alignment"))
          .map(({ label, succeeded }) => ({
            name: label,
            seeds: succeeded.flatMap((run) => {
              const last = findingOf(run, "alignment")?.result.moments.at(-1);
              return last === undefined
                ? []
                : [last.layers.map(({ layer, cosine }) => ({ x: layer, y: cosine }))];
            }),
          })),
      },
    ],
    { xTitle: "Layer", defaultTitle: "Alignment with BP" },
  );
