/** How fast an engine trains predictive coding here: whole minibatches for about two seconds. */
import {
  type EngineFactory,
  type ExperimentSpec,
  createDataset,
  engineOptionsOf,
  initialStateOf,
  networkShapeOf,
  parseSpec,
  trainingMultiplyAdds,
} from "@pclab/core";
import { syntheticDataset } from "@pclab/storage";

export interface Measurement {
  /** [N_0, N_1, ..., N_L]. */
  sizes: readonly number[];
  batchSize: number;
  inferenceSteps: number;
  threads: number;
  minibatches: number;
  millisecondsPerMinibatch: number;
  imagesPerSecond: number;
  /** Of the matrix products, two operations a multiply-add. */
  gflops: number;
  /** What the same threads reach in multiply-adds alone; null where that is not measured. */
  peakGflops: number | null;
}

interface Trial {
  width: number;
  depth: number;
  batchSize: number;
}

/** The paper's network. */
const PAPER: Trial = { width: 256, depth: 8, batchSize: 64 };
/** For an engine to which the paper's network is minutes of work: a webgpu that computes on the CPU is one. */
const SMALL: Trial = { width: 32, depth: 2, batchSize: 16 };

/** Whether the engine of this id computes in JavaScript. */
export const isSlow = (id: string): boolean => id === "reference/float64" || id === "tfjs/cpu";

export const trialOf = ({ id, onlyByName = false }: EngineFactory): Trial =>
  isSlow(id) || onlyByName ? SMALL : PAPER;

export interface MeasureOptions {
  threads: number;
  durationMs: number;
  /** GFLOP/s of multiply-adds alone; null where an engine has no such measurement. */
  measurePeak: (engineId: string, threads: number) => Promise<number | null>;
}

export const measureEngine = async (
  factory: EngineFactory,
  trial: Trial,
  { threads, durationMs, measurePeak }: MeasureOptions,
): Promise<Measurement> => {
  const spec = specOf(trial);
  const { batchSize } = spec;
  const engine = await factory.create(engineOptionsOf(spec));
  try {
    engine.setThreads(threads);
    await engine.loadState(0, initialStateOf(spec));
    const images = syntheticDataset({ train: batchSize, test: spec.testSize, seed: 0 });
    const examples = createDataset(images, spec).train;
    const minibatch = { examples, indices: Uint32Array.from({ length: batchSize }, (_, i) => i) };
    // The first one warms caches and compilers.
    await engine.trainMinibatch([minibatch]);
    let minibatches = 0;
    const startMs = performance.now();
    let elapsedMs = 0;
    while (minibatches === 0 || elapsedMs < durationMs) {
      await engine.trainMinibatch([minibatch]);
      minibatches += 1;
      elapsedMs = performance.now() - startMs;
    }
    const millisecondsPerMinibatch = elapsedMs / minibatches;
    return {
      sizes: networkShapeOf(spec).sizes,
      batchSize,
      inferenceSteps: spec.inference.steps,
      threads,
      minibatches,
      millisecondsPerMinibatch,
      imagesPerSecond: (1000 * batchSize) / millisecondsPerMinibatch,
      // The spec is one minibatch long.
      gflops: (2 * trainingMultiplyAdds(spec)) / (1e6 * millisecondsPerMinibatch),
      peakGflops: await measurePeak(factory.id, threads),
    };
  } finally {
    await engine.dispose();
  }
};

const specOf = ({ width, depth, batchSize }: Trial): ExperimentSpec => {
  const parsed = parseSpec({
    algorithm: "pc",
    width,
    depth,
    batch_size: batchSize,
    train_size: batchSize,
    validation_size: 0,
    test_size: 1,
    epochs: 1,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};
