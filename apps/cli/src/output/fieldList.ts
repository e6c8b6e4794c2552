/** A thing's fields, a line each. */
import { padTo, stringWidth } from "./text.js";
import type { Style } from "./style.js";

export type Field = readonly [name: string, value: string | null];

/** Fields without a value are left out. */
export const fieldList = (fields: readonly Field[], style: Style): string[] => {
  const there = fields.filter(
    (field): field is [string, string] => field[1] !== null && field[1] !== "",
  );
  const width = Math.max(0, ...there.map(([name]) => stringWidth(name)));
  return there.map(([name, value]) => `${style.dim(padTo(name, width))}  ${value}`);
};
