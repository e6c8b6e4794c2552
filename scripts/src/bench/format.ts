/** Numbers as the tables show them: three digits are what a shared machine can repeat. */

/** "-" for what was not measured. */
export const digits = (value: number | null): string => {
  if (value === null) return "-";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return size >= 0.001 ? value.toPrecision(3) : value.toExponential(1);
};

export const percent = (share: number | null): string =>
  share === null ? "-" : `${(100 * share).toFixed(1)} %`;

export const times = (ratio: number | null): string =>
  ratio === null ? "-" : `${digits(ratio)} x`;
