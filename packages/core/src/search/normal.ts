/** The normal distribution cut off at both ends of a range. */
import { erf } from "../engine/erf.js";
import type { Generator } from "../random/generator.js";

export interface Range {
  low: number;
  high: number;
}

const cdf = (z: number): number => (1 + erf(z / Math.SQRT2)) / 2;

/** P(from < z < to) of a standard normal z, taken on the side of zero where nothing cancels. */
export const normalMass = (from: number, to: number): number =>
  from > 0 ? cdf(-from) - cdf(-to) : cdf(to) - cdf(from);

export interface TruncatedNormal {
  mean: number;
  sd: number;
  range: Range;
  /** log(sd √(2π)). */
  logScale: number;
  /** The logarithm of the mass that the normal has in the range before it is cut off. */
  logRangeMass: number;
}

/** What does not depend on the place is computed here once: a density is asked at many places. */
export const truncatedNormal = (mean: number, sd: number, range: Range): TruncatedNormal => ({
  mean,
  sd,
  range,
  logScale: Math.log(sd * Math.sqrt(2 * Math.PI)),
  logRangeMass: Math.log(normalMass((range.low - mean) / sd, (range.high - mean) / sd)),
});

/** The logarithm of the density at `x`, which lies in the range. */
export const logDensity = (
  x: number,
  { mean, sd, logScale, logRangeMass }: TruncatedNormal,
): number => {
  const z = (x - mean) / sd;
  return -(z * z) / 2 - logScale - logRangeMass;
};

/** The logarithm of the probability of (from, to), a part of the range. */
export const logMass = (part: Range, { mean, sd, logRangeMass }: TruncatedNormal): number =>
  Math.log(normalMass((part.low - mean) / sd, (part.high - mean) / sd)) - logRangeMass;

/** By rejection: with the mean in the range and an sd of at most its width, a third of the draws or more are taken. */
export const drawTruncated = (
  { mean, sd, range }: TruncatedNormal,
  generator: Generator,
): number => {
  for (;;) {
    const x = mean + sd * generator.normal();
    if (x >= range.low && x <= range.high) return x;
  }
};
