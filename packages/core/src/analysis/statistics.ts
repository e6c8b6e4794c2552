/**
 * Statistics over a handful of values, as a report needs them over seeds, and moments of many, as weight distributions
 * need them. What cannot be said of so few values, or of values that do not differ, is null: never NaN, never a guess.
 */
import { erf } from "../engine/erf.js";

/** Every interval is two-sided and holds this share of what it speaks of. */
export const CONFIDENCE = 0.95;

/** Sample moments of `n` values. */
export interface Summary {
  n: number;
  /** Null without values. */
  mean: number | null;
  /** Root of the sum of squares over n - 1. Null with n < 2. */
  standardDeviation: number | null;
  /** g1 = m3 / m2^1.5, central moments over n. Null with n < 2 and for values without spread. */
  skewness: number | null;
  /** g2 = m4 / m2^2 - 3, 0 for a normal distribution. Null as the skewness is. */
  excessKurtosis: number | null;
}

/** By Student's t, in the unit of the values. */
export interface Interval {
  low: number;
  high: number;
  degreesOfFreedom: number;
}

export interface MeanEstimate {
  n: number;
  /** Null without values. */
  mean: number | null;
  /** Null with n < 2: one value says nothing about its spread. */
  interval: Interval | null;
}

export interface DifferenceEstimate {
  /** Values of the smaller sample, or pairs: with fewer than two nothing is decidable. */
  n: number;
  /** Mean of the left values less the mean of the right ones; null where a side is empty. */
  difference: number | null;
  /** Null with n < 2. */
  interval: Interval | null;
  /** Cohen's d, of pairs d_z, in standard deviations. Null with n < 2 and without any spread. */
  effectSize: number | null;
}

/** In two passes, so that a mean far from 0 costs no digits. */
export const summarise = (values: ArrayLike<number>): Summary => {
  const n = values.length;
  if (n === 0) {
    return { n, mean: null, standardDeviation: null, skewness: null, excessKurtosis: null };
  }
  const mean = meanOf(values);
  if (n < 2) return { n, mean, standardDeviation: null, skewness: null, excessKurtosis: null };
  let [squares, cubes, fourths] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const square = (values[i] - mean) ** 2;
    squares += square;
    cubes += square * (values[i] - mean);
    fourths += square * square;
  }
  const standardDeviation = Math.sqrt(squares / (n - 1));
  // Equal values may differ from their own mean by its rounding, which has a shape but is no spread.
  const isFlat = standardDeviation <= Number.EPSILON * Math.abs(mean);
  if (isFlat) return { n, mean, standardDeviation: 0, skewness: null, excessKurtosis: null };
  const m2 = squares / n;
  return {
    n,
    mean,
    standardDeviation,
    skewness: cubes / n / m2 ** 1.5,
    excessKurtosis: fourths / n / (m2 * m2) - 3,
  };
};

const meanOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** The mean with its interval, mean +- t sd / sqrt(n). */
export const estimateMean = (values: ArrayLike<number>): MeanEstimate => {
  const { n, mean, standardDeviation } = summarise(values);
  if (mean === null || standardDeviation === null) return { n, mean, interval: null };
  return { n, mean, interval: intervalOf(mean, standardDeviation / Math.sqrt(n), n - 1) };
};

/**
 * Left mean less right mean of two independent samples. The interval is Welch's, which asks for no equal variances; the
 * effect size is Cohen's d, by the pooled standard deviation.
 */
export const estimateDifference = (
  left: ArrayLike<number>,
  right: ArrayLike<number>,
): DifferenceEstimate => {
  const [a, b] = [summarise(left), summarise(right)];
  const n = Math.min(a.n, b.n);
  const difference = a.mean === null || b.mean === null ? null : a.mean - b.mean;
  if (difference === null || a.standardDeviation === null || b.standardDeviation === null) {
    return { n, difference, interval: null, effectSize: null };
  }
  const [aSquare, bSquare] = [a.standardDeviation ** 2 / a.n, b.standardDeviation ** 2 / b.n];
  const square = aSquare + bSquare;
  const pooledDegrees = a.n + b.n - 2;
  // Welch and Satterthwaite. Without any spread it is 0/0, and the interval a point whatever the degrees are.
  const degreesOfFreedom =
    square === 0
      ? pooledDegrees
      : 1 / ((aSquare / square) ** 2 / (a.n - 1) + (bSquare / square) ** 2 / (b.n - 1));
  const pooledSquare =
    ((a.n - 1) * a.standardDeviation ** 2 + (b.n - 1) * b.standardDeviation ** 2) / pooledDegrees;
  return {
    n,
    difference,
    interval: intervalOf(difference, Math.sqrt(square), degreesOfFreedom),
    effectSize: ratioOf(difference, Math.sqrt(pooledSquare)),
  };
};

/**
 * Mean of left[i] - right[i], such as two models under one seed, and d_z, by the standard deviation of the differences.
 * Both sides have one value for each pair, in one order.
 */
export const estimatePairedDifference = (
  left: readonly number[],
  right: readonly number[],
): DifferenceEstimate => {
  if (left.length !== right.length) {
    throw new Error(`${left.length} values cannot be paired with ${right.length}`);
  }
  const { n, mean, standardDeviation } = summarise(left.map((value, i) => value - right[i]));
  if (mean === null || standardDeviation === null) {
    return { n, difference: mean, interval: null, effectSize: null };
  }
  return {
    n,
    difference: mean,
    interval: intervalOf(mean, standardDeviation / Math.sqrt(n), n - 1),
    effectSize: ratioOf(mean, standardDeviation),
  };
};

const intervalOf = (
  estimate: number,
  standardError: number,
  degreesOfFreedom: number,
): Interval => {
  const reach = studentQuantile((1 + CONFIDENCE) / 2, degreesOfFreedom) * standardError;
  return { low: estimate - reach, high: estimate + reach, degreesOfFreedom };
};

const ratioOf = (difference: number, deviation: number): number | null =>
  deviation === 0 ? null : difference / deviation;

/** Phi(z) of the standard normal distribution, good to 1e-15 absolutely. */
export const normalCdf = (z: number): number => 0.5 * (1 + erf(z * Math.SQRT1_2));

/** The t that a variable of Student's distribution stays below with `probability`, 0 < probability < 1. */
export const studentQuantile = (probability: number, degreesOfFreedom: number): number => {
  if (!(probability > 0 && probability < 1 && degreesOfFreedom > 0)) {
    throw new Error(`no quantile ${probability} of Student's t with ${degreesOfFreedom} degrees`);
  }
  if (probability < 0.5) return -studentQuantile(1 - probability, degreesOfFreedom);
  const tail = 1 - probability;
  let high = 1;
  while (studentTail(high, degreesOfFreedom) > tail) high *= 2;
  let low = 0;
  // The tail falls with t: halving ends where no double lies between.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
};

/** P(T > t) for t >= 0: 1/2 I_x(nu/2, 1/2) at x = nu / (nu + t^2). */
const studentTail = (t: number, degreesOfFreedom: number): number =>
  0.5 * incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);

/** The regularised incomplete beta function I_x(a, b) (Abramowitz and Stegun 26.5.8), 0 <= x <= 1. */
const incompleteBeta = (x: number, a: number, b: number): number => {
  if (x === 0 || x === 1) return x;
  // The fraction converges fast on this side of the mean alone; the other is its reflection.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta);
  return front / (a * betaFraction(x, a, b));
};

/** 1 + d_1/(1 + d_2/(1 + ...)), by Lentz's method: products of ratios, so that no convergent over- or underflows. */
const betaFraction = (x: number, a: number, b: number): number => {
  const notZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let value = 1;
  let numerator = 1;
  let denominator = 0;
  for (let term = 1; term <= 10_000; term++) {
    const m = Math.floor(term / 2);
    const d =
      term % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    denominator = 1 / notZero(1 + d * denominator);
    numerator = notZero(1 + d / numerator);
    const ratio = numerator * denominator;
    value *= ratio;
    if (Math.abs(ratio - 1) < 1e-15) return value;
  }
  throw new Error(`the incomplete beta function did not converge at ${x}, ${a}, ${b}`);
};

/** ln Gamma(z) for z > 0: Stirling's series (Abramowitz and Stegun 6.1.41) above 10, which the recurrence reaches. */
const logGamma = (z: number): number => {
  let shift = 0;
  let x = z;
  for (; x < 10; x++) shift += Math.log(x);
  const w = 1 / (x * x);
  const series = 1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188))));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series / x - shift;
};
