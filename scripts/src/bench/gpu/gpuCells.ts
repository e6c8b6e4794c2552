/** pc on the GPU: widths, minibatch sizes and replicas in one engine, each timed by whole minibatches. */
import {
  type EngineFactory,
  type ExampleSet,
  Minibatches,
  engineOptionsOf,
  initialStateOf,
} from "@pclab/core";
import { reasonOf } from "../group.js";
import { median } from "../statistics.js";
import { UnavailableError } from "../unavailable.js";
import { type Shape, type WorkloadSettings, matrixFlops, specOf } from "../workload.js";

export const GPU_SHAPES: readonly Shape[] = [64, 256, 1024].flatMap((width) =>
  [64, 256, 1024].map((batch) => ({ width, batch })),
);
export const GPU_REPLICAS = [1, 8, 32] as const;

/** A cell is timed for about so long, after a minibatch that is not counted. */
const CELL_MS = 1000;
const LEAST_MINIBATCHES = 3;

export interface GpuTimes {
  /** Of one activity step of all replicas, median and best. */
  stepMs: number;
  bestStepMs: number;
  /** Of all replicas' matrix products, at the median. */
  teraflops: number;
}

export type GpuCell = Shape & { replicas: number } & (GpuTimes | { unavailable: string });

export interface GpuCellOptions extends Shape {
  factory: EngineFactory;
  replicas: number;
  settings: WorkloadSettings;
  examples: ExampleSet;
}

export const measureGpuCell = async (options: GpuCellOptions): Promise<GpuCell> => {
  const { width, batch, replicas } = options;
  try {
    return { width, batch, replicas, ...(await timesOf(options)) };
  } catch (error) {
    return { width, batch, replicas, unavailable: reasonOf(error) };
  }
};

const timesOf = async (options: GpuCellOptions): Promise<GpuTimes> => {
  const { factory, width, batch, replicas, settings, examples } = options;
  const specs = Array.from({ length: replicas }, (_, replica) =>
    specOf("pc", { width, batch }, { ...settings, seed: settings.seed + replica }),
  );
  const [first] = specs;
  if (first === undefined) throw new UnavailableError("no replicas were asked for");
  const one = engineOptionsOf(first);
  const most = factory.packing?.maximumReplicas(one.shape, batch) ?? 1;
  if (replicas > most) throw new UnavailableError(`${most} replicas fit in one engine here`);
  const engine = await factory.create({
    ...one,
    replicas: specs.flatMap((spec) => engineOptionsOf(spec).replicas),
  });
  try {
    for (const [replica, spec] of specs.entries()) {
      await engine.loadState(replica, initialStateOf(spec));
    }
    const count = Math.floor(examples.count / batch) * batch;
    if (count === 0) throw new UnavailableError(`the data set holds no minibatch of ${batch}`);
    const orders = specs.map(({ seed }) => Minibatches.seeded({ count, batchSize: batch }, seed));
    const train = async (): Promise<number> => {
      const minibatches = orders.map((order) => ({ examples, indices: order.next() }));
      const startMs = performance.now();
      await engine.trainMinibatch(minibatches);
      return performance.now() - startMs;
    };
    await train();
    const taken: number[] = [];
    for (let spentMs = 0; spentMs < CELL_MS || taken.length < LEAST_MINIBATCHES; ) {
      const milliseconds = await train();
      taken.push(milliseconds);
      spentMs += milliseconds;
    }
    const typical = median(taken);
    const flops = (matrixFlops("pc", { width, batch }, settings) ?? 0) * replicas;
    return {
      stepMs: typical / settings.steps,
      bestStepMs: Math.min(...taken) / settings.steps,
      teraflops: flops / (typical * 1e9),
    };
  } finally {
    await engine.dispose();
  }
};
