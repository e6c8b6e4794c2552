/** An engine alone: trainMinibatch in a loop, on standardised bytes. */
import {
  DivergedError,
  type Engine,
  type ExampleSet,
  type ExperimentSpec,
  Minibatches,
  engineOptionsOf,
  initialStateOf,
} from "@pclab/core";
import type { BenchEngine } from "./engines.js";
import type { Measurable } from "./measurable.js";
import type { Sample } from "./row.js";
import { median } from "./statistics.js";
import { UnavailableError } from "./unavailable.js";
import {
  type Model,
  type Shape,
  type WorkloadSettings,
  matrixFlops,
  specOf,
  usesGaussNewton,
  weightCounts,
} from "./workload.js";

/** A turn has at most so many minibatches, however short they are. */
const MOST_CALLS = 1000;

/**
 * How many products a Gauss-Newton minibatch takes depends on the weights, and a fresh network flatters it: it is timed
 * after some training. In multiply-adds of bp steps: a second or two of work, and no more than the limit on a slow engine.
 */
const SETTLING_WORK = 1.5e11;
const SETTLING_MINIBATCHES = { least: 2, most: 300 };
const SETTLING_LIMIT_MS = 5000;

export interface KernelOptions {
  engine: BenchEngine;
  model: Model;
  shape: Shape;
  threads: number;
  settings: WorkloadSettings;
  examples: () => ExampleSet;
  /** How long a turn takes, about. */
  turnMs: number;
}

export const kernelMeasurable = (options: KernelOptions): Measurable => {
  const { engine, model, shape, threads, settings } = options;
  let kernel: Kernel | null = null;
  let calls = 1;
  return {
    key: {
      source: "kernel",
      subject: engine.label,
      instructionSet: engine.instructionSet,
      model,
      ...shape,
      threads,
    },
    flops: matrixFlops(model, shape, settings),
    prepare: async () => {
      const spec = specOf(model, shape, settings);
      kernel = await Kernel.start(engine, spec, options.examples());
      kernel.engine.setThreads(threads);
      if (usesGaussNewton(model)) {
        const count = settlingMinibatches(shape, settings.depth);
        let spentMs = 0;
        for (let done = 0; done < count && spentMs < SETTLING_LIMIT_MS; done++) {
          spentMs += await kernel.trainMinibatch();
        }
      }
      await kernel.trainMinibatch();
      const milliseconds = await kernel.trainMinibatch();
      calls = Math.min(MOST_CALLS, Math.max(1, Math.ceil(options.turnMs / milliseconds)));
    },
    run: async (): Promise<Sample> => {
      if (kernel === null) throw new Error("run before prepare");
      const times: number[] = [];
      for (let call = 0; call < calls; call++) times.push(await kernel.trainMinibatch());
      return { typical: median(times), best: Math.min(...times) };
    },
    dispose: async () => kernel?.engine.dispose(),
  };
};

export const settlingMinibatches = ({ width, batch }: Shape, depth: number): number => {
  const { first, inner } = weightCounts(width, depth);
  const count = Math.round(SETTLING_WORK / (3 * batch * (first + inner)));
  const { least, most } = SETTLING_MINIBATCHES;
  return Math.min(most, Math.max(least, count));
};

/** An engine with one replica at its seed's weights, and the minibatches it is to be trained on. */
export class Kernel {
  readonly engine: Engine;
  readonly #examples: ExampleSet;
  readonly #minibatches: Minibatches;

  static async start(
    { factory }: BenchEngine,
    spec: ExperimentSpec,
    examples: ExampleSet,
  ): Promise<Kernel> {
    const engine = await factory().create(engineOptionsOf(spec));
    try {
      await engine.loadState(0, initialStateOf(spec));
      return new Kernel(engine, spec, examples);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  private constructor(engine: Engine, { batchSize, seed }: ExperimentSpec, examples: ExampleSet) {
    // Whole minibatches alone: the short one that ends an epoch would be the fastest of all.
    const count = Math.floor(examples.count / batchSize) * batchSize;
    if (count === 0) throw new UnavailableError(`the data set holds no minibatch of ${batchSize}`);
    this.engine = engine;
    this.#examples = examples;
    this.#minibatches = Minibatches.seeded({ count, batchSize }, seed);
  }

  /** @returns milliseconds. @throws DivergedError */
  async trainMinibatch(): Promise<number> {
    const minibatch = { examples: this.#examples, indices: this.#minibatches.next() };
    const startMs = performance.now();
    const [report] = await this.engine.trainMinibatch([minibatch]);
    const elapsedMs = performance.now() - startMs;
    if (report?.divergence) throw new DivergedError(report.divergence);
    return elapsedMs;
  }
}
