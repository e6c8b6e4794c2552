/** A number that may be missing: null, undefined and what is not finite are all shown as a gap. */
export type Maybe = number | null | undefined;

export const isNumber = (value: Maybe): value is number =>
  typeof value === "number" && Number.isFinite(value);

export interface Summary {
  mean: number;
  /** Sample standard deviation; null where fewer than two values leave it undefined. */
  sd: number | null;
  /** Ends of the bar or band that shows the spread: the mean itself where there is no sd. */
  low: number;
  high: number;
}

/** Mean and spread over seeds; null where no seed has a value. */
export const summarise = (values: readonly Maybe[]): Summary | null => {
  const found = values.filter(isNumber);
  if (found.length === 0) return null;
  const mean = found.reduce((sum, value) => sum + value / found.length, 0);
  if (found.length === 1) return { mean, sd: null, low: mean, high: mean };
  const square = found.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sd = Math.sqrt(square / (found.length - 1));
  return { mean, sd, low: mean - sd, high: mean + sd };
};
