/** Small pictures in a line of text: how far something is, and how it went. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** @param share 0..1; the last cell is filled in eighths */
export const bar = (share: number, columns: number): string => {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * columns * 8);
  const filled = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return filled + "░".repeat(columns - filled.length);
};

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

export interface SparklineOptions {
  columns: number;
  /** What the lowest and the highest level stand for, so that lines of a table compare. */
  low: number;
  high: number;
}

/** Values in the order of time. Where there are more than cells, each cell has the last of its part. */
export const sparkline = (
  values: readonly number[],
  { columns, low, high }: SparklineOptions,
): string => {
  const finite = values.filter(Number.isFinite);
  const count = Math.min(columns, finite.length);
  return Array.from({ length: count }, (_, cell) => {
    const value = finite[Math.ceil(((cell + 1) * finite.length) / count) - 1] ?? low;
    const height = high > low ? (value - low) / (high - low) : 0.5;
    const level = Math.round(Math.min(1, Math.max(0, height)) * (LEVELS.length - 1));
    return LEVELS[level] ?? "";
  }).join("");
};
