/** The whole training loop: data, minibatches, metrics and an evaluation, as a worker's child runs it. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Dataset, type ExperimentSpec, train } from "@pclab/core";
import { type BenchData, datasetOf, largestTrainSize, proportionalSizes } from "./benchData.js";
import type { BenchEngine } from "./engines.js";
import type { Measurable } from "./measurable.js";
import type { Sample } from "./row.js";
import { UnavailableError } from "./unavailable.js";
import { type Model, type Shape, type WorkloadSettings, matrixFlops, specOf } from "./workload.js";

/** The first minibatch is not timed, so that three are the fewest that measure a pace. */
const FEWEST_MINIBATCHES = 3;

export interface LoopOptions {
  engine: BenchEngine;
  model: Model;
  shape: Shape;
  threads: number;
  settings: WorkloadSettings;
  data: BenchData;
  /** How long a turn takes, about. */
  turnMs: number;
}

/**
 * A turn is one epoch of so many images as last `turnMs`, with the evaluation that ends it; validation and test images
 * are as many to the training images as in a run of the whole data set. Starting the run (an engine, its first weights)
 * and its final checkpoint are not timed: a real run lasts hours.
 */
export const loopMeasurable = (options: LoopOptions): Measurable => {
  const { engine, model, shape, threads, settings, data } = options;
  let minibatches = FEWEST_MINIBATCHES;
  let run: (() => Promise<number>) | null = null;
  const epochOf = (count: number): (() => Promise<number>) => {
    const fitting = Math.floor(largestTrainSize(data) / shape.batch);
    if (fitting < FEWEST_MINIBATCHES) {
      throw new UnavailableError(`the data set holds ${fitting} minibatches of ${shape.batch}`);
    }
    const sizes = proportionalSizes(Math.min(count, fitting) * shape.batch);
    const spec = specOf(model, shape, settings, {
      train_size: sizes.trainSize,
      validation_size: sizes.validationSize,
      test_size: sizes.testSize,
      epochs: 1,
      evaluate_every: 1,
    });
    const dataset = datasetOf(data, sizes);
    return () => timeEpoch(engine, { spec, dataset, threads });
  };
  return {
    key: {
      source: "loop",
      subject: engine.label,
      instructionSet: engine.instructionSet,
      model,
      ...shape,
      threads,
    },
    flops: matrixFlops(model, shape, settings),
    prepare: async () => {
      const milliseconds = await epochOf(FEWEST_MINIBATCHES)();
      minibatches = Math.max(FEWEST_MINIBATCHES, Math.ceil(options.turnMs / milliseconds));
      run = epochOf(minibatches);
    },
    run: async (): Promise<Sample> => {
      if (run === null) throw new Error("run before prepare");
      const milliseconds = await run();
      return { typical: milliseconds, best: milliseconds };
    },
    dispose: async () => {},
  };
};

interface Epoch {
  spec: ExperimentSpec;
  dataset: Dataset;
  threads: number;
}

/** @returns milliseconds a minibatch, from the end of the first to the end of the last evaluation */
async function timeEpoch(
  { factory }: BenchEngine,
  { spec, dataset, threads }: Epoch,
): Promise<number> {
  const events = train({
    spec,
    dataset,
    engine: factory(),
    checkpoint: null,
    now: () => performance.now(),
    breathe: () => nextTurn(),
    control: { checkpointRequested: false, threads },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  });
  let startMs: number | null = null;
  let endMs = 0;
  let minibatches = -1;
  for await (const event of events) {
    if (event.type === "progress") {
      startMs ??= performance.now();
      minibatches += 1;
    }
    if (event.type === "metrics") endMs = performance.now();
  }
  if (startMs === null || minibatches < 1)
    throw new Error("an epoch of fewer than two minibatches");
  return (endMs - startMs) / minibatches;
}
