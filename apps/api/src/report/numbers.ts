/** Numbers as a report prints them. */
import type { ClaimPart, Measure } from "@pclab/core";

const significant = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(1)
    : Number(value.toPrecision(3)).toString();

export const printMeasure = (
  { mean, standardDeviation, n }: Measure,
  print: (value: number) => string,
): string => {
  if (mean === null) return "";
  return n < 2 || standardDeviation === null
    ? print(mean)
    : `${print(mean)} ± ${print(standardDeviation)}`;
};

export const percent = (share: number): string => (100 * share).toFixed(1);
export const plain = significant;

export const printEstimate = ({ estimate, interval, unit }: ClaimPart): string => {
  if (estimate === null) return "";
  const range =
    interval === null ? "" : ` (${significant(interval.low)} to ${significant(interval.high)})`;
  return `${significant(estimate)}${range}${unit === "" ? "" : ` ${unit}`}`;
};

export const VERDICTS = {
  holds: "holds",
  does_not_hold: "does not hold",
  undecided: "undecided",
} as const;
