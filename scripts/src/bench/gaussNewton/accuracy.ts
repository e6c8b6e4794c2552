/**
 * What one outer iteration of dual Gauss-Newton costs in test accuracy beside 256 gradient steps, over paired seeds, and
 * what an epoch of each takes beside one of backpropagation.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type MetricName, type MetricRow, train } from "@pclab/core";
import { type BenchData, datasetOf } from "../benchData.js";
import type { BenchEngine } from "../engines.js";
import { type Interval, median, pairedInterval } from "../statistics.js";
import { type Model, type WorkloadSettings, specOf } from "../workload.js";

export interface AccuracySettings {
  workload: Omit<WorkloadSettings, "seed">;
  width: number;
  batch: number;
  seeds: readonly number[];
  trainSize: number;
  testSize: number;
  epochs: number;
  threads: number;
}

/** In the order of a seed's turn: each model is trained once a seed, so that the machine's noise meets all alike. */
export const ACCURACY_MODELS = [
  "bp",
  "pc",
  "pc_gauss_newton",
  "pc_rc3",
  "pc_rc3_gauss_newton",
] as const satisfies readonly Model[];
type AccuracyModel = (typeof ACCURACY_MODELS)[number];

export interface Training {
  model: AccuracyModel;
  seed: number;
  /** 0..1, on the test images after the last epoch. */
  accuracy: number;
  /** Minibatches alone. */
  epochSeconds: number;
}

export async function trainAll(
  engine: BenchEngine,
  data: BenchData,
  settings: AccuracySettings,
  onTraining: (model: AccuracyModel, seed: number) => void,
): Promise<Training[]> {
  const trainings: Training[] = [];
  for (const seed of settings.seeds) {
    for (const model of ACCURACY_MODELS) {
      onTraining(model, seed);
      trainings.push(await trainOne(engine, data, settings, { model, seed }));
    }
  }
  return trainings;
}

async function trainOne(
  { factory }: BenchEngine,
  data: BenchData,
  settings: AccuracySettings,
  { model, seed }: { model: AccuracyModel; seed: number },
): Promise<Training> {
  const { width, batch, trainSize, testSize, epochs, threads, workload } = settings;
  const sizes = { trainSize, validationSize: 0, testSize };
  const spec = specOf(
    model,
    { width, batch },
    { ...workload, seed },
    {
      train_size: trainSize,
      validation_size: 0,
      test_size: testSize,
      epochs,
      evaluate_every: epochs,
    },
  );
  const events = train({
    spec,
    dataset: datasetOf(data, sizes),
    engine: factory(),
    checkpoint: null,
    now: () => performance.now(),
    breathe: () => nextTurn(),
    control: { checkpointRequested: false, threads },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  });
  let rows: MetricRow[] = [];
  for await (const event of events) if (event.type === "metrics") rows = event.rows;
  return {
    model,
    seed,
    accuracy: valueOf(rows, "test_accuracy"),
    epochSeconds: valueOf(rows, "train_seconds") / epochs,
  };
}

const valueOf = (rows: readonly MetricRow[], name: MetricName): number => {
  const row = rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`the run gave no ${name}`);
  return row.value;
};

export interface AccuracySummary {
  models: {
    model: AccuracyModel;
    /** 0..1, mean over the seeds. */
    accuracy: number;
    epochSeconds: number;
    /** Of medians over the seeds. */
    overBp: number;
  }[];
  /** Gauss-Newton less gradient steps, in points of test accuracy. */
  differences: { algorithm: "pc" | "pc_rc3"; points: Interval }[];
}

export const summariseAccuracy = (trainings: readonly Training[]): AccuracySummary => {
  const of = (model: AccuracyModel): Training[] =>
    trainings.filter((training) => training.model === model);
  const epochSeconds = (model: AccuracyModel): number =>
    median(of(model).map((training) => training.epochSeconds));
  return {
    models: ACCURACY_MODELS.map((model) => ({
      model,
      accuracy: of(model).reduce((sum, { accuracy }) => sum + accuracy, 0) / of(model).length,
      epochSeconds: epochSeconds(model),
      overBp: epochSeconds(model) / epochSeconds("bp"),
    })),
    differences: (["pc", "pc_rc3"] as const).map((algorithm) => ({
      algorithm,
      points: pairedInterval(
        of(`${algorithm}_gauss_newton`).map(({ seed, accuracy }) => {
          const pair = of(algorithm).find((training) => training.seed === seed);
          if (pair === undefined) throw new Error(`${algorithm} was not trained on seed ${seed}`);
          return 100 * (accuracy - pair.accuracy);
        }),
      ),
    })),
  };
};
