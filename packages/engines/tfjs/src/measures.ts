/** Q, residuals and what a prediction was worth, per sample and still on the device: who wants numbers reads them once. */
import {
  type Rank,
  type Tensor1D,
  type Tensor2D,
  abs,
  add,
  all,
  argMax,
  cast,
  equal,
  less,
  logicalOr,
  mul,
  sqrt,
  square,
  stack,
  sub,
  sum,
  zeros,
} from "@tensorflow/tfjs-core";
import { type LayerErrors, overHiddenLayers } from "./inference.js";
import type { Layer } from "./layer.js";

/** Q_l = 1/2 sum_i pi_i eps_i^2 of each sample, [L, B]. */
export const quadraticEnergies = (
  layers: readonly Layer[],
  errors: readonly LayerErrors[],
): Tensor2D =>
  stack(
    layers.map(({ precision }, index) =>
      mul(sum(mul(square((errors[index] as LayerErrors).eps), precision), 1), 0.5),
    ),
  ) as Tensor2D;

/** sum_i s_i of each layer, [L]: what E has besides Q and a constant. */
export const logVarianceSums = (layers: readonly Layer[]): Tensor1D =>
  stack(layers.map(({ logVariance }) => sum(logVariance.values))) as Tensor1D;

/** The Euclidean norm of dE/dx over all hidden activities of each sample, [B]. */
export const residuals = (
  layers: readonly Layer[],
  errors: readonly LayerErrors[],
  samples: number,
): Tensor1D => {
  const squares = overHiddenLayers(
    layers,
    errors,
    ({ layer, errors: { eps }, pull }): Tensor1D =>
      sum(square(sub(mul(eps, layer.precision), pull)), 1),
  );
  return sqrt(squares.reduce((total, layer) => add(total, layer), zeros<Rank.R1>([samples])));
};

/** 1 where |dQ|/Q of a step is below the tolerance for every sample, else 0; a Q that stands still has settled. */
export const settled = (before: Tensor2D, after: Tensor2D, tolerance: number) => {
  const [from, to] = [sum(before, 0), sum(after, 0)];
  const change = abs(sub(to, from));
  return all(logicalOr(equal(change, 0), less(change, mul(from, tolerance))));
};

export interface PredictionMeasures {
  /** |y - yhat|^2, [B]. */
  squares: Tensor1D;
  /** 1 where the largest output is the target's largest, the first of several, [B]. */
  hits: Tensor1D;
}

export const predictionMeasures = (yhat: Tensor2D, y: Tensor2D): PredictionMeasures => ({
  squares: sum(square(sub(y, yhat)), 1),
  hits: cast(equal(argMax(yhat, 1), argMax(y, 1)), "float32"),
});
