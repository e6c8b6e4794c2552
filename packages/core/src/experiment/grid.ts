/** The grid of a sweep: each field with its list of values is an axis. */
import { type Problem, pointerOf } from "../validation/problem.js";
import { printable } from "../validation/check.js";
import { fieldProblems } from "./fieldCheck.js";
import { type Sourced, writtenFieldsOf } from "./fields.js";

export interface Axis {
  /** Dotted, as `inference.rate`. */
  field: string;
  values: Sourced[];
}

export const readGrid = (grid: unknown, problems: Problem[]): Axis[] => {
  if (typeof grid !== "object" || grid === null || Array.isArray(grid)) return [];
  return writtenFieldsOf(grid as Record<string, unknown>).flatMap(({ path, written, value }) => {
    const key = ["grid", ...written];
    if (!Array.isArray(value) || value.length === 0) {
      problems.push({
        pointer: pointerOf(key),
        code: "wrong_type",
        got: printable(value),
        allowed: "a list with at least one value",
        detail: `grid needs a list of values for ${path.join(".")}; a single value belongs in base`,
      });
      return [];
    }
    const values = value.map((item: unknown, index): Sourced => {
      const at = [...key, index];
      const found = fieldProblems(path, item, at, key);
      const isUnknownField = found.some(({ code }) => code === "unknown_field");
      // An unknown field is told once, not once for each of its values.
      if (!isUnknownField || index === 0) problems.push(...found);
      return { value: item, pointer: pointerOf(at), isWrong: found.length > 0 };
    });
    return [{ field: path.join("."), values }];
  });
};
