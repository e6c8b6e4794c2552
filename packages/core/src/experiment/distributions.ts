/** The distributions that a random or a learning search draws its fields from. */
import { z } from "zod";
import type { Generator } from "../random/generator.js";
import type { Dimension } from "../search/parzen.js";
import { checkAgainst, notAllowed } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";
import { fieldProblems } from "./fieldCheck.js";
import { type Sourced, writtenFieldsOf } from "./fields.js";
import { DISTRIBUTIONS, type DistributionName } from "./sweepSchema.js";

export interface Distribution {
  field: string;
  pointer: string;
  name: DistributionName;
  values: readonly unknown[];
  isWrong: boolean;
}

/** Two numbers, low before high. */
const rangeSchema = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, {
  message: "must be [low, high] with low < high",
});

/** Every field of a `random` or `tpe`, without the search's own settings. */
export const readDistributions = (
  fields: Record<string, unknown>,
  part: "random" | "tpe",
  problems: Problem[],
): Distribution[] =>
  writtenFieldsOf(fields).map(({ path, written, value }) =>
    readDistribution(path, [part, ...written], value, problems),
  );

const readDistribution = (
  path: string[],
  key: Path,
  value: unknown,
  problems: Problem[],
): Distribution => {
  const field = path.join(".");
  const pointer = pointerOf(key);
  const wrong: Distribution = { field, pointer, name: "choice", values: [null], isWrong: true };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1 || Array.isArray(value)) {
    problems.push({
      pointer,
      code: "wrong_type",
      allowed: DISTRIBUTIONS.map((name) => `{${name}: [...]}`).join(" | "),
      detail: `${String(key[0])} needs one distribution for ${field}, such as {log_uniform: [1e-5, 1e-2]}`,
    });
    return wrong;
  }
  const [name, values] = entry;
  const known = DISTRIBUTIONS.find((candidate) => candidate === name);
  if (known === undefined) {
    problems.push(notAllowed(pointer, field, name, DISTRIBUTIONS));
    return wrong;
  }
  const at = [...key, known];
  const found = distributionProblems(known, values, at);
  if (found.length === 0) {
    // A distribution whose ends (or choices) fit its field gives only values that fit it.
    (values as unknown[]).forEach((end, index) => {
      found.push(...fieldProblems(path, end, [...at, index], key));
    });
  }
  problems.push(...found.slice(0, 1));
  return found.length > 0
    ? wrong
    : { field, pointer, name: known, values: values as unknown[], isWrong: false };
};

const distributionProblems = (name: DistributionName, values: unknown, at: Path): Problem[] => {
  const checked =
    name === "choice"
      ? checkAgainst(z.array(z.unknown()).min(1), values, at)
      : checkAgainst(rangeSchema, values, at);
  if (!checked.ok) return checked.problems;
  const [low, high] = values as unknown[];
  if (name === "log_uniform" && typeof low === "number" && low <= 0) {
    return [
      {
        pointer: pointerOf([...at, 0]),
        code: "minimum",
        got: low,
        allowed: "> 0",
        detail: "log_uniform needs ends > 0",
      },
    ];
  }
  if (name === "int_uniform" && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))) {
    return [
      {
        pointer: pointerOf(at),
        code: "wrong_type",
        allowed: "[int, int]",
        detail: "int_uniform needs whole numbers",
      },
    ];
  }
  return [];
};

/** A value as a number: itself, or the place of a choice. */
export const drawCoordinate = ({ name, values }: Distribution, generator: Generator): number => {
  const uniform = generator.uniform();
  if (name === "choice") return Math.floor(uniform * values.length);
  const [low, high] = values as [number, number];
  if (name === "uniform") return low + uniform * (high - low);
  if (name === "int_uniform") return low + Math.floor(uniform * (high - low + 1));
  return Math.exp(Math.log(low) + uniform * (Math.log(high) - Math.log(low)));
};

/** The field's value at a coordinate, with the place in the body that it comes from. */
export const valueAtCoordinate = (
  { name, values, pointer, isWrong }: Distribution,
  coordinate: number,
): Sourced => ({
  value: isWrong ? null : name === "choice" ? values[coordinate] : coordinate,
  pointer,
  isWrong,
});

export const dimensionOf = ({ name, values }: Distribution): Dimension => {
  if (name === "choice") return { kind: "choice", count: values.length };
  const [low, high] = values as [number, number];
  return name === "int_uniform"
    ? { kind: "integer", low, high }
    : { kind: "real", isLog: name === "log_uniform", low, high };
};

/** The lowest point of a space, its highest, and points between that together have every choice. */
export const cornersOf = (distributions: readonly Distribution[]): number[][] => {
  const most = Math.max(
    2,
    ...distributions.map(({ name, values }) => (name === "choice" ? values.length : 2)),
  );
  return Array.from({ length: most }, (_, corner) =>
    distributions.map(({ name, values }) => {
      const place = Math.min(corner, values.length - 1);
      return name === "choice" ? place : (values[place] as number);
    }),
  );
};
