/** The distribution of a tensor's values: moments, a histogram, and how far it is from a Gaussian. */
import type { Values } from "../engine/engine.js";
import { erf } from "../engine/erf.js";

export interface Distribution {
  count: number;
  mean: number;
  /** Of the values themselves, over n: they are the population. */
  sd: number;
  /** Mean of the third and of the fourth power of (value - mean) / sd, the latter less 3; null where sd is zero. */
  skewness: number | null;
  excess_kurtosis: number | null;
  /**
   * The Kolmogorov-Smirnov distance to the Gaussian of this mean and sd: the largest difference of the two cumulative
   * distributions, 0 to 1. Null where sd is zero.
   */
  gaussian_distance: number | null;
  /** `counts` of equally wide bins from `from` to `to`; the last holds `to` as well. */
  histogram: { from: number; to: number; counts: number[] };
}

/** @param range of the histogram; what lies outside falls into the first or the last bin */
export const distributionOf = (
  values: Values,
  { from, to, bins }: { from: number; to: number; bins: number },
): Distribution => {
  const count = values.length;
  // Of equal values the sum rounds: their mean would lie beside them, and a spread of rounding has no shape.
  const isSpread = values.some((value) => value !== values[0]);
  const mean = isSpread ? meanOf(values, (value) => value) : values[0];
  const sd = Math.sqrt(meanOf(values, (value) => (value - mean) ** 2));
  const moment = (power: number): number => meanOf(values, (v) => ((v - mean) / sd) ** power);
  return {
    count,
    mean,
    sd,
    skewness: sd === 0 ? null : moment(3),
    excess_kurtosis: sd === 0 ? null : moment(4) - 3,
    gaussian_distance: sd === 0 ? null : gaussianDistance(values, mean, sd),
    histogram: { from, to, counts: histogramOf(values, { from, to, bins }) },
  };
};

/** The largest absolute value of all: half the width of a histogram that holds them, and symmetric about zero. */
export const largestOf = (...tensors: Values[]): number => {
  let largest = 0;
  for (const values of tensors) {
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
};

const meanOf = (values: Values, term: (value: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += term(values[i]);
  return sum / values.length;
};

const histogramOf = (
  values: Values,
  { from, to, bins }: { from: number; to: number; bins: number },
): number[] => {
  const counts = Array<number>(bins).fill(0);
  // Where all values are equal there is one bin to fill, and no width to divide by.
  const scale = to > from ? bins / (to - from) : 0;
  for (const value of values) {
    counts[Math.min(bins - 1, Math.max(0, Math.floor((value - from) * scale)))]++;
  }
  return counts;
};

/** Both sides of each step of the empirical distribution count. */
const gaussianDistance = (values: Values, mean: number, sd: number): number => {
  const sorted = Float64Array.from(values).sort();
  let distance = 0;
  for (let i = 0; i < sorted.length; i++) {
    const expected = (1 + erf((sorted[i] - mean) / (sd * Math.SQRT2))) / 2;
    distance = Math.max(distance, expected - i / sorted.length, (i + 1) / sorted.length - expected);
  }
  return distance;
};
