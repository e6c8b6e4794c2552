/** Numbers as people read them. */

/** `83.3 %` of 0.8333; `-` of what is not there. */
export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined ? "-" : `${(100 * share).toFixed(1)} %`;

/** `1.7 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export const duration = (seconds: number | null | undefined): string => {
  if (seconds === null || seconds === undefined) return "-";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(seconds / 60);
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
};

const pair = (large: number, unit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;

/** How long ago an RFC 3339 time is; `-` of none. A clock that is ahead of the lab's counts as now. */
export const ago = (time: string | null, nowMs: number): string =>
  time === null ? "-" : duration(Math.max(0, Math.round((nowMs - Date.parse(time)) / 1000)));

/** Five digits. */
export const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? "-" : String(Number(value.toPrecision(5)));

/** Of a spec, or a number of a list. */
export const cell = (value: unknown): string => {
  if (value === null || value === undefined) return "-";
  if (typeof value === "number") return number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
};
