/** How much is measured and for how long: whole, or quick. Times are about what each part takes on one fast core. */
import type { AccuracySettings } from "./gaussNewton/accuracy.js";
import type { ExcessSettings } from "./gaussNewton/excess.js";
import { GRID_BATCHES, GRID_WIDTHS } from "./grid.js";
import type { Pace } from "./plan.js";
import type { BenchRequest } from "./request.js";
import { type Shape, weightCounts } from "./workload.js";

const SHAPES: readonly Shape[] = [64, 256, 1024].flatMap((width) =>
  [64, 256].map((batch) => ({ width, batch })),
);
const QUICK_SHAPES: readonly Shape[] = [64, 256].map((width) => ({ width, batch: 64 }));

export const rowShapes = ({ shapes, quick }: BenchRequest): readonly Shape[] =>
  shapes ?? (quick ? QUICK_SHAPES : SHAPES);

export const paceOf = ({ quick }: BenchRequest): Pace =>
  quick ? { kernelMs: 50, loopMs: 300, peakMs: 50 } : { kernelMs: 300, loopMs: 2000, peakMs: 200 };

/** Activity steps of more floating-point operations than this make a minibatch of seconds. */
const LONG_MINIBATCH_FLOPS = 1e12;

export const roundsOf = ({ rounds, quick, depth, steps }: BenchRequest, shape: Shape): number => {
  if (rounds !== null) return rounds;
  if (quick) return 2;
  const flops = 4 * shape.batch * weightCounts(shape.width, depth).inner * steps;
  return flops > LONG_MINIBATCH_FLOPS ? 3 : 5;
};

export const gridOf = ({ quick }: BenchRequest): { widths: number[]; batches: number[] } =>
  quick
    ? {
        widths: GRID_WIDTHS.filter((width) => width <= 1024),
        batches: GRID_BATCHES.filter((batch) => batch <= 256),
      }
    : { widths: GRID_WIDTHS, batches: GRID_BATCHES };

/** Quick: small networks that hardly trained, on a tenth of the steps; it shows that the study runs. */
export const excessSettings = (request: BenchRequest): ExcessSettings => ({
  workload: request,
  batch: 64,
  widths: request.quick ? [64] : [64, 256],
  // 20,000 images: enough for the weights to have learned most of what they will.
  trainingMinibatches: request.quick ? 32 : 313,
  equilibriumSteps: request.quick ? 2000 : 20_000,
  reached: 1e-3,
  mostOuterIterations: 12,
  rounds: request.rounds ?? (request.quick ? 3 : 9),
  threads: Math.max(...request.threads),
});

export const accuracySettings = (request: BenchRequest): AccuracySettings => ({
  workload: request,
  width: 64,
  batch: 64,
  seeds: Array.from({ length: request.quick ? 2 : 5 }, (_, index) => request.seed + index),
  trainSize: request.quick ? 2000 : 20_000,
  testSize: request.quick ? 1000 : 10_000,
  epochs: request.quick ? 1 : 5,
  threads: 1,
});
