/** How much arithmetic a run is, so that what was measured on one can forecast another. */
import { IMAGE_PIXELS, CLASS_COUNT } from "../data/idx.js";
import { minibatchesPerEpoch, totalMinibatches, updatesPerMinibatch } from "./parseSpec.js";
import type { ExperimentSpec, InferenceSettings } from "./spec.js";
import type { Algorithm } from "./vocabulary.js";

/**
 * Multiply-adds of the matrix products of a whole training run. A BP step is three products a layer (forward, back,
 * gradient). A PC minibatch is a forward pass, two products a layer and step but for the first layer, whose prediction
 * stands still, and a gradient an update; Gauss-Newton has sweeps of its own. Evaluation is left out, as it is in `train_seconds`.
 */
export const trainingMultiplyAdds = (spec: ExperimentSpec): number => {
  const { width, depth } = spec;
  const first = IMAGE_PIXELS * width;
  const inner = (depth - 1) * width * width + width * CLASS_COUNT;
  const perSample =
    spec.algorithm === "bp"
      ? 3 * (first + inner)
      : first +
        inner +
        inferenceSweeps(spec.inference) * inner +
        updatesPerMinibatch(spec) * (first + inner);
  const samplesPerMinibatch = spec.trainSize / minibatchesPerEpoch(spec);
  return perSample * samplesPerMinibatch * totalMinibatches(spec);
};

/** Sweeps of an inference phase through all layers but the first. */
export const inferenceSweeps = ({ steps, outerIterations, solver }: InferenceSettings): number => {
  if (outerIterations === null) return 2 * steps;
  // One forward to the new activities; and a backward sweep an output, or CG's two steps of one forward and one backward.
  return outerIterations * (1 + (solver === "dense" ? CLASS_COUNT : 4));
};

/** A finished run: what it was, and how long its training took. */
export interface MeasuredRun {
  spec: ExperimentSpec;
  trainSeconds: number;
}

/** Multiply-adds a second on one core before anything was measured: the native engine reaches about this on AVX2. */
export const ASSUMED_PACE = 5e10;

/**
 * Multiply-adds a second of one core: the median of the measured runs of the algorithm, or of all when there are none of
 * it; null when nothing was measured.
 */
export const trainingPace = (
  algorithm: Algorithm,
  measured: readonly MeasuredRun[],
): number | null => {
  const same = measured.filter((run) => run.spec.algorithm === algorithm);
  const paces = (same.length > 0 ? same : measured)
    .filter(({ trainSeconds }) => trainSeconds > 0)
    .map((run) => trainingMultiplyAdds(run.spec) / run.trainSeconds)
    .sort((a, b) => a - b);
  return paces[Math.floor(paces.length / 2)] ?? null;
};
