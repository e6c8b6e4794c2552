/**
 * A Parzen estimator over a search space (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011, section 4):
 * a mixture of one kernel an observation and one of the prior, each kernel a product over the fields. The rules for widths
 * and weights are those of Optuna 5, where TPE is joint over the fields (Falkner et al. 2018, "BOHB").
 *
 * A number's kernel is a normal, cut off at the ends of its range; as wide as the farther of its two neighbours is away,
 * and at least 1/min(100, n + 2) of the range ("magic clip"). Whole numbers have the mass between their halves, and
 * log-uniform fields live on the logarithm: their density is one of the logarithm.
 */
import type { Generator } from "../random/generator.js";
import { type Range, drawTruncated, logDensity, logMass, truncatedNormal } from "./normal.js";

/** A field of the space. Values of a `choice` are the places of its choices, 0 to count - 1. */
export type Dimension =
  | ({ kind: "real"; isLog: boolean } & Range)
  | ({ kind: "integer" } & Range)
  | { kind: "choice"; count: number };

/** One value a dimension. */
export type Point = readonly number[];

export const isInSpace = (point: Point, space: readonly Dimension[]): boolean =>
  point.length === space.length &&
  space.every((dimension, index) => {
    const value = point[index];
    if (dimension.kind === "choice")
      return Number.isInteger(value) && value >= 0 && value < dimension.count;
    const isKind = dimension.kind === "real" || Number.isInteger(value);
    return isKind && value >= dimension.low && value <= dimension.high;
  });

/** n observations weigh the same up to 25; of more, the newest 25 weigh 1 and the weights rise to them from 1/n. */
export const observationWeights = (count: number): number[] => {
  const newest = 25;
  const ramp = count - newest;
  return Array.from({ length: count }, (_, index) => {
    if (index >= ramp) return 1;
    // A ramp of one is its first value, as a line of one point is.
    return 1 / count + (ramp === 1 ? 0 : (index / (ramp - 1)) * (1 - 1 / count));
  });
};

interface Kernels {
  draw(kernel: number, generator: Generator): number;
  logProbability(kernel: number, value: number): number;
}

export class ParzenEstimator {
  /** Of the observations in their order, then of the prior; they sum to 1. */
  readonly #weights: number[];
  readonly #logWeights: number[];
  readonly #dimensions: Kernels[];

  /** `observations`: in the order in which they were made. */
  constructor(space: readonly Dimension[], observations: readonly Point[]) {
    const weights = [...observationWeights(observations.length), 1];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#weights = weights.map((weight) => weight / total);
    this.#logWeights = this.#weights.map(Math.log);
    this.#dimensions = space.map((dimension, index) => {
      const values = observations.map((point) => point[index]);
      return dimension.kind === "choice"
        ? choiceKernels(dimension.count, values)
        : numberKernels(dimension, values);
    });
  }

  draw(generator: Generator): Point {
    const kernel = drawIndex(this.#weights, generator);
    return this.#dimensions.map((kernels) => kernels.draw(kernel, generator));
  }

  logProbability(point: Point): number {
    return logSumExp(
      this.#logWeights.map((logWeight, kernel) =>
        this.#dimensions.reduce(
          (sum, kernels, index) => sum + kernels.logProbability(kernel, point[index]),
          logWeight,
        ),
      ),
    );
  }
}

const numberKernels = (
  dimension: Exclude<Dimension, { kind: "choice" }>,
  values: readonly number[],
): Kernels => {
  const isLog = dimension.kind === "real" && dimension.isLog;
  const inner = (value: number): number => (isLog ? Math.log(value) : value);
  const half = dimension.kind === "integer" ? 0.5 : 0;
  const range = { low: inner(dimension.low) - half, high: inner(dimension.high) + half };
  const observed = values.map(inner);
  const means = [...observed, (range.low + range.high) / 2];
  const sds = [...kernelWidths(observed, range), range.high - range.low];
  const normals = means.map((mean, kernel) => truncatedNormal(mean, sds[kernel], range));
  const clipped = (value: number): number =>
    Math.min(dimension.high, Math.max(dimension.low, value));
  return {
    draw: (kernel, generator) => {
      const x = drawTruncated(normals[kernel], generator);
      // The exponential of a logarithm may miss the range by a rounding.
      return clipped(half > 0 ? Math.round(x) : isLog ? Math.exp(x) : x);
    },
    logProbability: (kernel, value) => {
      const x = inner(value);
      return half > 0
        ? logMass({ low: x - half, high: x + half }, normals[kernel])
        : logDensity(x, normals[kernel]);
    },
  };
};

/** In the order of `observed`. The outermost two have one neighbour where there is another observation. */
const kernelWidths = (observed: readonly number[], { low, high }: Range): number[] => {
  const count = observed.length;
  const width = high - low;
  const least = width / Math.min(100, count + 2);
  const order = observed.map((_, index) => index).sort((a, b) => observed[a] - observed[b]);
  const widths: number[] = [];
  order.forEach((index, place) => {
    const left = place === 0 ? low : observed[order[place - 1]];
    const right = place === count - 1 ? high : observed[order[place + 1]];
    const toLeft = observed[index] - left;
    const toRight = right - observed[index];
    const own =
      count === 1
        ? Math.max(toLeft, toRight)
        : place === 0
          ? toRight
          : place === count - 1
            ? toLeft
            : Math.max(toLeft, toRight);
    widths[index] = Math.min(width, Math.max(least, own));
  });
  return widths;
};

/** Each kernel has one choice that was observed, beside 1/n of each: the prior's has none, and is uniform. */
const choiceKernels = (count: number, values: readonly number[]): Kernels => {
  const each = 1 / (values.length + 1);
  const total = 1 + each * count;
  const ofObserved = (each + 1) / total;
  const ofOther = each / total;
  const logs = {
    observed: Math.log(ofObserved),
    other: Math.log(ofOther),
    prior: Math.log(1 / count),
  };
  const probabilities = (kernel: number): number[] =>
    Array.from({ length: count }, (_, choice) =>
      kernel === values.length ? 1 / count : choice === values[kernel] ? ofObserved : ofOther,
    );
  return {
    draw: (kernel, generator) => drawIndex(probabilities(kernel), generator),
    logProbability: (kernel, value) =>
      kernel === values.length ? logs.prior : value === values[kernel] ? logs.observed : logs.other,
  };
};

/** An index, as probable as its weight; the weights sum to 1. */
const drawIndex = (weights: readonly number[], generator: Generator): number => {
  let left = generator.uniform();
  for (let index = 0; index < weights.length - 1; index++) {
    left -= weights[index];
    if (left < 0) return index;
  }
  return weights.length - 1;
};

const logSumExp = (logs: readonly number[]): number => {
  const largest = Math.max(...logs);
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0));
};
