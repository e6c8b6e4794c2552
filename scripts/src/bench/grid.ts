/** pc over many widths and minibatch sizes, to show that no shape falls off a cliff. */
import { type NetworkState, type ExampleSet, initialStateOf, engineOptionsOf } from "@pclab/core";
import type { BenchEngine } from "./engines.js";
import { reasonOf } from "./group.js";
import { interleave } from "./interleave.js";
import { once } from "./once.js";
import { type Shape, type WorkloadSettings, specOf, weightCounts } from "./workload.js";

/** Tiles are powers of two: sizes beside them too. */
export const GRID_WIDTHS = [10, 32, 64, 100, 256, 300, 512, 1000, 1024, 2048, 4096];
export const GRID_BATCHES = [1, 8, 32, 50, 64, 100, 256, 1024];

/** A cell takes as many steps as make about so many floating-point operations, two or more. */
const CELL_FLOPS = 2e10;
const STEPS = { least: 2, most: 256 };
/**
 * Each pass over a width's cells measures a cell for so long or so often, whichever ends first, after a first minibatch
 * that is not counted. The fastest minibatch of all passes counts, so that a moment's noise digs no cliff.
 */
const PASSES = 2;
const CELL_MS = 100;
const CELL_MINIBATCHES = 20;

export interface Cell extends Shape {
  /** Of all matrix products of a minibatch, with its forward pass and its weight gradient, at the fastest minibatch. */
  gflops: number;
  /** What one activity step takes at that rate. */
  stepMs: number;
}

export type GridCell = Cell | (Shape & { unavailable: string });

export interface GridOptions {
  engine: BenchEngine;
  threads: number;
  settings: WorkloadSettings;
  widths: readonly number[];
  batches: readonly number[];
  examples: ExampleSet;
  onWidth: (width: number) => void;
}

export async function measureGrid(options: GridOptions): Promise<GridCell[]> {
  const cells: GridCell[] = [];
  for (const width of options.widths) {
    options.onWidth(width);
    const shapes = options.batches.map((batch) => ({ width, batch }));
    const state = once(() => initialStateOf(cellSpec({ width, batch: 1 }, options.settings)));
    const turns = { count: shapes.length, rounds: PASSES };
    const reasons = new Map<number, string>();
    const fastest = await interleave(turns, async (index) => {
      try {
        return await fastestMinibatch(shapes[index] as Shape, state(), options);
      } catch (error) {
        reasons.set(index, reasonOf(error));
        return null;
      }
    });
    for (const [index, shape] of shapes.entries()) {
      const unavailable = reasons.get(index);
      const milliseconds = fastest[index] as number[];
      cells.push(
        unavailable === undefined
          ? cellOf(shape, Math.min(...milliseconds), options.settings)
          : { ...shape, unavailable },
      );
    }
  }
  return cells;
}

/** SGD keeps no moments, which for the widest networks are gigabytes. */
const cellSpec = (shape: Shape, settings: WorkloadSettings) =>
  specOf(
    "pc",
    shape,
    { ...settings, steps: cellSteps(shape, settings.depth) },
    { optimiser: "sgd" },
  );

export const cellSteps = ({ width, batch }: Shape, depth: number): number => {
  const steps = Math.floor(CELL_FLOPS / (4 * batch * weightCounts(width, depth).inner));
  return Math.min(STEPS.most, Math.max(STEPS.least, steps));
};

const cellOf = (shape: Shape, milliseconds: number, settings: WorkloadSettings): Cell => {
  const { first, inner } = weightCounts(shape.width, settings.depth);
  const stepFlops = 4 * shape.batch * inner;
  // A forward pass and the weight gradient beside the steps: two products a layer more.
  const flops = stepFlops * cellSteps(shape, settings.depth) + 4 * shape.batch * (first + inner);
  const gflops = flops / milliseconds / 1e6;
  return { ...shape, gflops, stepMs: stepFlops / gflops / 1e6 };
};

/** @returns milliseconds */
async function fastestMinibatch(
  shape: Shape,
  state: NetworkState,
  { engine, threads, settings, examples }: GridOptions,
): Promise<number> {
  const built = await engine.factory().create(engineOptionsOf(cellSpec(shape, settings)));
  try {
    await built.loadState(0, state);
    built.setThreads(threads);
    const indices = Uint32Array.from({ length: shape.batch }, (_, at) => at % examples.count);
    let fastestMs = Number.POSITIVE_INFINITY;
    let spentMs = 0;
    for (let count = 0; count < CELL_MINIBATCHES && spentMs < CELL_MS; count++) {
      const startMs = performance.now();
      await built.trainMinibatch([{ examples, indices }]);
      const elapsedMs = performance.now() - startMs;
      // The first touches its memory for the first time, which in a long minibatch is no matter.
      if (count === 0 && elapsedMs < CELL_MS) continue;
      spentMs += elapsedMs;
      fastestMs = Math.min(fastestMs, elapsedMs);
    }
    return fastestMs;
  } finally {
    await built.dispose();
  }
}
