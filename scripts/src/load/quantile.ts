/** The value that a share of all does not exceed. */
export const quantile = (values: readonly number[], share: number): number => {
  if (values.length === 0) throw new Error("a quantile of no values");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};
