/** From a network's models to what a figure draws. */
import {
  type AnalysisFinding,
  type ModelGroup,
  type RunResult,
  lastValue,
  measuredOf,
} from "@pclab/core";
import { type FigureSpec, type Landscape, linesFigure } from "@pclab/plots";
import type { Network } from "./networks.js";

type Kind = AnalysisFinding["kind"];

const findingOf = <K extends Kind>(
  { analyses }: RunResult,
  kind: K,
): Extract<AnalysisFinding, { kind: K }> | null =>
  analyses.find((one): one is Extract<AnalysisFinding, { kind: K }> => one.kind === kind) ?? null;

export const someHas = (groups: readonly ModelGroup[], kind: Kind): boolean =>
  groups.some(({ succeeded }) => succeeded.some((run) => findingOf(run, kind) !== null));

export const hasMetrics = ({ models }: Network): boolean =>
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

export const landscapes = (groups: readonly ModelGroup[], directions: "random" | "principal") =>
  groups.flatMap((group) => landscapeOf(group, directions));

export const distributions = (groups: readonly ModelGroup[]) =>
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

interface Point {
  x: number;
  y: number | null;
}

/** A line a seed, of each model that has a finding of the kind; a finding that gives no line is left out. */
const seriesOf = <K extends Kind>(
  models: readonly ModelGroup[],
  kind: K,
  lineOf: (finding: Extract<AnalysisFinding, { kind: K }>) => Point[] | null,
) =>
  models
    .filter((group) => someHas([group], kind))
    .map(({ label, succeeded }) => ({
      name: label,
      seeds: succeeded.flatMap((run) => {
        const finding = findingOf(run, kind);
        const line = finding === null ? null : lineOf(finding);
        return line === null ? [] : [line];
      }),
    }));

const COSINE_TITLE = "Cosine with BP's update";

export const alignmentOverTrainingFigure = (models: readonly ModelGroup[]): FigureSpec =>
  linesFigure(
    [
      {
        yTitle: COSINE_TITLE,
        series: seriesOf(models, "alignment", ({ result: { moments } }) => {
          const last = moments.at(-1)?.weight_update ?? 0;
          if (last === 0) return null;
          return moments.map(({ weight_update, network }) => ({
            x: (100 * weight_update) / last,
            y: network.cosine,
          }));
        }),
      },
    ],
    { xTitle: "Training done (%)", defaultTitle: "Alignment with BP over training" },
  );

export const curveOf = (run: RunResult) => {
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

export const decayFigure = (decays: readonly ModelGroup[]): FigureSpec => {
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

export const convergenceFigure = (models: readonly ModelGroup[]): FigureSpec =>
  linesFigure(
    [
      {
        yTitle: "Excess of Q",
        yScale: "log",
        series: seriesOf(models, "phase", ({ result: { points } }) =>
          points.slice(1).map(({ steps, relative_excess: y }) => ({ x: steps, y })),
        ),
      },
    ],
    { xTitle: "Inference steps", xScale: "log", defaultTitle: "Convergence of inference" },
  );

export const alignmentFigure = (models: readonly ModelGroup[]): FigureSpec =>
  linesFigure(
    [
      {
        yTitle: COSINE_TITLE,
        series: seriesOf(
          models,
          "alignment",
          ({ result: { moments } }) =>
            moments.at(-1)?.layers.map(({ layer, cosine }) => ({ x: layer, y: cosine })) ?? null,
        ),
      },
    ],
    { xTitle: "Layer", defaultTitle: "Alignment with BP" },
  );
