/** The fields of a sweep's runs with their places in the body, and the specs that they make. */
import { checkAgainst } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";
import { type FieldValues, fieldsOf, nestFields } from "./fields.js";
import { parseSpec } from "./parseSpec.js";
import type { ExperimentSpec } from "./spec.js";
import { partialSpecSchema } from "./specSchema.js";

/** A body that is wrong in a thousand ways is answered with the first hundred. */
export const MAX_PROBLEMS = 100;

/** The valid fields of one part of the body; the problems of the others are added to `problems`. */
export const readPart = (part: unknown, at: Path, problems: Problem[]): FieldValues => {
  const isObject = typeof part === "object" && part !== null && !Array.isArray(part);
  if (!isObject) return new Map();
  const checked = checkAgainst(partialSpecSchema, part, at);
  if (!checked.ok) problems.push(...checked.problems);
  const wrong = checked.ok ? [] : checked.problems.map(({ pointer }) => pointer);
  const fields: FieldValues = new Map();
  for (const { path, value } of fieldsOf(part as Record<string, unknown>)) {
    const pointer = pointerOf([...at, ...path]);
    // A wrong value still counts as given, so that it is not reported as missing as well.
    const isWrong = wrong.some((bad) => bad === pointer || bad.startsWith(`${pointer}/`));
    fields.set(path.join("."), { value, pointer, isWrong });
  }
  return fields;
};

export const parseRuns = (
  fieldsOfRuns: Iterable<FieldValues>,
  problems: Problem[],
): ExperimentSpec[] => {
  const runs: ExperimentSpec[] = [];
  for (const fields of fieldsOfRuns) {
    const parsed = parseSpec(nestFields(fields));
    if (parsed.ok) runs.push(parsed.value);
    else addRunProblems(parsed.problems, fields, problems);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return runs;
};

/** A run's problem belongs to the place where its field was written; fields already reported are passed over. */
const addRunProblems = (
  found: readonly Problem[],
  fields: FieldValues,
  problems: Problem[],
): void => {
  for (const problem of found) {
    const field = problem.pointer.slice(2).replaceAll("/", ".");
    const source = fields.get(field);
    const isKnown =
      source?.isWrong === true ||
      [...fields].some(([name, other]) => other.isWrong && field.startsWith(`${name}.`));
    if (isKnown) continue;
    const pointer = source?.pointer ?? `#/base${problem.pointer.slice(1)}`;
    const isTold = problems.some(
      (known) => known.pointer === pointer && known.code === problem.code,
    );
    if (!isTold) problems.push({ ...problem, pointer });
  }
};
