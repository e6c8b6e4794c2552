/** Where an axis begins and ends, its ticks, and what they say. */
import { type Maybe, isNumber } from "../statistics.js";

export interface Tick {
  value: number;
  label: string;
}

export interface AxisScale {
  type: "linear" | "log";
  domain: readonly [number, number];
  ticks: readonly Tick[];
}

export interface TickOptions {
  /** About how many ticks there is room for. */
  count?: number;
  /** Values that the axis must reach whatever the data. */
  include?: readonly number[];
  /** End where the data do, with the ticks that lie within. */
  tight?: boolean;
}

/** An axis over all values, its ends on ticks; null where there is no value. */
export const linearAxis = (
  values: readonly Maybe[],
  { count = 5, include = [], tight = false }: TickOptions = {},
): AxisScale | null => {
  const found = values.filter(isNumber);
  if (found.length === 0) return null;
  const [low, high] = spread([...found, ...include]);
  const step = niceStep((high - low) / Math.max(1, count));
  const [first, last] = tight
    ? [Math.ceil(low / step - SLACK), Math.floor(high / step + SLACK)]
    : [Math.floor(low / step + SLACK), Math.ceil(high / step - SLACK)];
  const ticks = range(first, last).map((index) => {
    const value = index * step;
    return { value, label: numberLabel(value, step) };
  });
  return {
    type: "linear",
    domain: tight ? [low, high] : [first * step, last * step],
    ticks,
  };
};

/** A logarithmic axis over the values above 0; null where there is none. */
export const logAxis = (
  values: readonly Maybe[],
  { count = 5, include = [] }: TickOptions = {},
): AxisScale | null => {
  const found = [...values, ...include].filter(isNumber).filter((value) => value > 0);
  if (found.length === 0) return null;
  let [low, high] = extent(found);
  if (high / low < 1.5) [low, high] = [low / 1.5, high * 1.5];
  const decades = Math.log10(high / low);
  const exponents = range(Math.ceil(Math.log10(low) - SLACK), Math.floor(Math.log10(high) + SLACK));
  const values125 = range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)))
    .flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent))
    .filter((value) => value >= low * (1 - SLACK) && value <= high * (1 + SLACK));
  const wanted =
    exponents.length < 3 && values125.length <= 2 * count
      ? values125
      : thinned(exponents, Math.ceil(decades / Math.max(1, count))).map(
          (exponent) => 10 ** exponent,
        );
  const plain = wanted.every((value) => value >= 0.001 && value < 100_000);
  const ticks = wanted.map((value) => ({
    value,
    label: plain ? String(Number(value.toPrecision(1))) : powerLabel(value),
  }));
  return { type: "log", domain: [low, high], ticks };
};

/** A log axis with the values that it cannot show, 0, at a place of their own before its lower end. */
export const logAxisWithZero = (
  values: readonly Maybe[],
  options: TickOptions = {},
): { axis: AxisScale; zeroPlace: number | null } | null => {
  const hasZero = values.includes(0);
  const axis = logAxis(values, options);
  if (axis === null) {
    // Zero alone: one tick in the middle of the axis.
    const zero: AxisScale = { type: "log", domain: [0.1, 10], ticks: [{ value: 1, label: "0" }] };
    return hasZero ? { axis: zero, zeroPlace: 1 } : null;
  }
  if (!hasZero) return { axis, zeroPlace: null };
  const [low, high] = axis.domain;
  const zeroPlace = low / Math.max(4, (high / low) ** 0.22);
  return {
    axis: {
      ...axis,
      domain: [zeroPlace, high],
      ticks: [{ value: zeroPlace, label: "0" }, ...axis.ticks],
    },
    zeroPlace,
  };
};

/** A share of the axis more at each end, so that marks do not sit on the frame. */
export const withMargin = (axis: AxisScale, share: number): AxisScale => {
  const [low, high] = axis.domain;
  if (axis.type === "log") {
    const factor = (high / low) ** share;
    return { ...axis, domain: [low / factor, high * factor] };
  }
  const extra = (high - low) * share;
  return { ...axis, domain: [low - extra, high + extra] };
};

export const extent = (values: readonly number[]): [number, number] => {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
};

/** Rounding must not cost a tick that lies on the axis's end. */
const SLACK = 1e-9;

/** The extent, widened where all values are one. */
const spread = (values: readonly number[]): [number, number] => {
  const [low, high] = extent(values);
  const least = Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
  if (high - low > least) return [low, high];
  const half = low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - half, high + half];
};

const niceStep = (rough: number): number => {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  const nice = [1, 2, 5, 10].find((step) => step >= digit * (1 - SLACK)) ?? 10;
  return nice * power;
};

const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** Every `stride`th, counted from 0, so that equal axes have equal ticks. */
const thinned = (exponents: readonly number[], stride: number): number[] =>
  exponents.filter((exponent) => exponent % Math.max(1, stride) === 0);

/** With the digits that tell it from the next tick, and a true minus sign. */
export const numberLabel = (value: number, step: number): string => {
  const size = Math.max(Math.abs(value), step);
  if (value !== 0 && (size >= 1e5 || step < 1e-4)) return powerLabel(value, step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + SLACK));
  return minus(value.toFixed(decimals)).replace(/^−(0(\.0+)?)$/, "$1");
};

const powerLabel = (value: number, step = Math.abs(value)): string => {
  const exponent = Math.floor(Math.log10(Math.abs(value)) + SLACK);
  const digits = Math.max(0, exponent - Math.floor(Math.log10(step) + SLACK));
  const mantissa = (value / 10 ** exponent).toFixed(digits);
  const power = `10${superscript(exponent)}`;
  return mantissa === "1" ? power : `${minus(mantissa)}×${power}`;
};

const superscript = (exponent: number): string =>
  Array.from(String(exponent))
    .map((sign) => SUPERSCRIPTS[sign] ?? sign)
    .join("");

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from("-0123456789", (sign, i) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(i)]),
);

const minus = (text: string): string => text.replace("-", "−");
