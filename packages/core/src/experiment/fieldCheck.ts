/** Checks one value for one spec field, wherever in the body it was written. */
import { checkAgainst } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";
import { setField } from "./fields.js";
import { partialSpecSchema } from "./specSchema.js";

/** The problems of `value` as the field at `path`, told at the place `written` (for an unknown field, at `key`). */
export const fieldProblems = (
  path: readonly string[],
  value: unknown,
  written: Path,
  key: Path,
): Problem[] => {
  const spec: Record<string, unknown> = {};
  setField(spec, path, value);
  const checked = checkAgainst(partialSpecSchema, spec);
  if (checked.ok) return [];
  const own = pointerOf(path);
  return checked.problems.map((problem) => ({
    ...problem,
    pointer:
      problem.code === "unknown_field"
        ? pointerOf(key)
        : problem.pointer.replace(own, pointerOf(written)),
  }));
};
