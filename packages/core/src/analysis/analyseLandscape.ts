/**
 * A cut through the loss landscape along filter-normalised random directions (Li et al. 2018, "Visualizing the Loss
 * Landscape of Neural Nets"): the surface at every point of a grid, and what its curvature says.
 */
import type { Engine, EngineOptions, ExampleSet } from "../engine/engine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { engineOptionsOf, initialStateOf, networkShapeOf } from "../training/engineOptions.js";
import type { AnalysisEvent, AnalysisOptions, LandscapePoint } from "./analysisEvents.js";
import type { LandscapeSettings } from "./analysisSettings.js";
import { type Convexity, measureConvexity } from "./convexity.js";
import { equilibriumOf } from "./equilibrium.js";
import { displaced, landscapeCoordinate, landscapePointCount } from "./landscapeGrid.js";
import { type LandscapeTrajectory, landscapePlane } from "./landscapeDirections.js";
import { probeExamples } from "./probe.js";

/** Samples at a time: enough to fill any engine's tiles. */
const BATCH_SIZE = 256;

/** Points that are told at a time, at most: what a killed analysis may have to compute again. */
const POINTS_PER_EVENT = 16;

export async function* analyseLandscape({
  settings,
  spec,
  state,
  earlier,
  dataset,
  engine: factory,
  stored,
  breathe,
  control,
}: AnalysisOptions<LandscapeSettings>): AsyncGenerator<AnalysisEvent, void> {
  const networks = [initialStateOf(spec), ...earlier, state];
  const { directions, trajectory } = landscapePlane(networks, networkShapeOf(spec), settings);
  const examples = probeExamples(dataset, settings);
  const points: LandscapePoint[] = [...stored];
  const engine = await factory.create(engineOptionsFor(spec, settings));
  try {
    let fresh: LandscapePoint[] = [];
    for (let index = points.length; index < landscapePointCount(settings); index++) {
      engine.setThreads(control.threads);
      await engine.loadState(0, displaced(state, directions, landscapeCoordinate(settings, index)));
      const measured =
        settings.surface === "loss"
          ? await measureLoss(engine, examples)
          : { value: await measureEnergy(engine, examples, breathe), accuracy: null };
      const point = { index, ...measured };
      points.push(point);
      fresh.push(point);
      if (fresh.length === POINTS_PER_EVENT) {
        yield { type: "points", points: fresh };
        fresh = [];
      }
      await breathe();
    }
    if (fresh.length > 0) yield { type: "points", points: fresh };
  } finally {
    await engine.dispose();
  }
  yield { type: "result", result: { ...summaryOf(points, settings), trajectory } };
}

const engineOptionsFor = (spec: ExperimentSpec, { surface }: LandscapeSettings): EngineOptions => {
  const options = engineOptionsOf(spec);
  if (surface === "loss") return { ...options, batchSize: BATCH_SIZE };
  const [replica] = options.replicas;
  return {
    ...options,
    batchSize: BATCH_SIZE,
    replicas: [{ ...replica, algorithm: "pc", inference: equilibriumOf(spec) }],
  };
};

const measureLoss = async (
  engine: Engine,
  examples: ExampleSet,
): Promise<Pick<LandscapePoint, "value" | "accuracy">> => {
  const { lossSum, correct, count } = await engine.evaluate(0, examples, {
    first: 0,
    count: examples.count,
  });
  return { value: finiteOrNull(lossSum / count), accuracy: correct / count };
};

/** Mean Q of a sample once its activities have settled. */
const measureEnergy = async (
  engine: Engine,
  examples: ExampleSet,
  breathe: () => Promise<void>,
): Promise<number | null> => {
  let sum = 0;
  for (let first = 0; first < examples.count; first += BATCH_SIZE) {
    const count = Math.min(BATCH_SIZE, examples.count - first);
    const indices = Uint32Array.from({ length: count }, (_, i) => first + i);
    const { quadraticEnergyPerLayer } = await engine.tracePhase(0, { examples, indices }, false);
    for (const energy of quadraticEnergyPerLayer) sum += energy;
    await breathe();
  }
  return finiteOrNull(sum / examples.count);
};

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

export interface LandscapeResult {
  /** At the middle of the grid. */
  centre: number | null;
  lowest: number | null;
  highest: number | null;
  /** Points where the surface is not finite. */
  not_finite: number;
  convexity: Convexity;
  trajectory: LandscapeTrajectory | null;
}

const summaryOf = (
  points: readonly LandscapePoint[],
  settings: LandscapeSettings,
): Omit<LandscapeResult, "trajectory"> => {
  const values = points.map(({ value }) => value);
  const finite = values.filter((value) => value !== null);
  return {
    centre: values[(points.length - 1) / 2],
    lowest: extremeOf(finite, Math.min),
    highest: extremeOf(finite, Math.max),
    not_finite: values.length - finite.length,
    convexity: measureConvexity(values, settings),
  };
};

/** Two at a time: 63,001 arguments are too many for one call. */
const extremeOf = (
  values: readonly number[],
  choose: (a: number, b: number) => number,
): number | null =>
  values.length === 0 ? null : values.reduce((extreme, value) => choose(extreme, value));
