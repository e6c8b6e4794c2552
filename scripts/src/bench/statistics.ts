/** The few statistics that a benchmark needs. */

/** The middle value, or the mean of the two middle ones. */
export const median = (values: readonly number[]): number => {
  const sorted = requireValues(values).toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const lower = sorted[Math.ceil(middle) - 1] as number;
  const upper = sorted[Math.floor(middle)] as number;
  return (lower + upper) / 2;
};

export const mean = (values: readonly number[]): number =>
  requireValues(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Two-sided 95 % points of Student's t with 1, 2, ..., 30 degrees of freedom. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

/** The mean of paired differences with its 95 % interval, under normal differences; infinite for a single pair. */
export const pairedInterval = (differences: readonly number[]): Interval => {
  const centre = mean(differences);
  const degrees = differences.length - 1;
  const t = T_95[degrees - 1];
  if (degrees === 0) {
    return { mean: centre, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  if (t === undefined) throw new Error(`${differences.length} pairs: the table ends at 31`);
  const squares = differences.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const half = t * Math.sqrt(squares / degrees / differences.length);
  return { mean: centre, low: centre - half, high: centre + half };
};

const requireValues = (values: readonly number[]): readonly number[] => {
  if (values.length === 0) throw new Error("a statistic of no values");
  return values;
};
