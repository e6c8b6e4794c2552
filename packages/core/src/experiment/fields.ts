/** Spec fields as flat dotted names (`inference.rate`), with the place in the body where each value was written. */
import type { Path } from "../validation/problem.js";

/** A value and its source. `isWrong`: already reported, so its run is not judged by it again. */
export interface Sourced {
  value: unknown;
  pointer: string;
  isWrong: boolean;
}

export type FieldValues = Map<string, Sourced>;

/** The spec's groups of fields; every other field is a leaf, whatever its value looks like. */
const GROUPS = ["inference", "variance"];

/** The leaves of a spec or part of one. */
export const fieldsOf = (part: Record<string, unknown>): { path: string[]; value: unknown }[] =>
  Object.entries(part).flatMap(([key, value]) =>
    GROUPS.includes(key) && typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, leaf]) => ({ path: [key, inner], value: leaf }))
      : [{ path: [key], value }],
  );

/** Leaves of a `grid` or `random`, where groups nest or are dotted: the field's path and the path as written. */
export const writtenFieldsOf = (
  tree: Record<string, unknown>,
): { path: string[]; written: Path; value: unknown }[] =>
  fieldsOf(tree).map(({ path, value }) => ({
    path: path.flatMap((part) => part.split(".")),
    written: path,
    value,
  }));

/** Wrong values are left out: their run is judged by what remains. */
export const nestFields = (fields: FieldValues): Record<string, unknown> => {
  const spec: Record<string, unknown> = {};
  for (const [field, { value, isWrong }] of fields) {
    if (!isWrong) setField(spec, field.split("."), value);
  }
  return spec;
};

export const setField = (
  spec: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
): void => {
  const [first = "", ...rest] = path;
  if (rest.length === 0) {
    spec[first] = value;
    return;
  }
  const group = spec[first];
  const inner: Record<string, unknown> =
    typeof group === "object" && group !== null ? (group as Record<string, unknown>) : {};
  spec[first] = inner;
  setField(inner, rest, value);
};

/** A spec's leaves by their dotted names, such as `inference.rate`. */
export const flattenSpec = (spec: object): Record<string, unknown> =>
  Object.fromEntries(
    fieldsOf(spec as Record<string, unknown>).map(({ path, value }) => [path.join("."), value]),
  );
