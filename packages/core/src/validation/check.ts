/** Turns zod's issues into problems a researcher can act on: the field, the value, what is allowed, the likely typo. */
import type { z } from "zod";
import { closestWord } from "./closest.js";
import { type Path, type Problem, pointerOf } from "./problem.js";

type Issue = z.core.$ZodIssue;

export type Checked<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** Validates `value`; `at` is where the value stands in the whole body, so that pointers are the body's. */
export const checkAgainst = <T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: Path = [],
): Checked<T> => {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return {
    ok: false,
    problems: result.error.issues.flatMap((issue) => problemsOf(issue, value, at, schema)),
  };
};

const problemsOf = (issue: Issue, value: unknown, at: Path, schema: z.ZodType): Problem[] => {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  const pointer = pointerOf([...at, ...path]);
  const field = fieldName([...at, ...path]);
  const got = valueAt(value, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        unknownField(key, [...at, ...path], knownFields(schema, path)),
      );
    case "invalid_type":
      return [
        got === undefined
          ? { pointer, code: "required", detail: `${field} is required (${issue.expected})` }
          : {
              pointer,
              code: "wrong_type",
              got: printable(got),
              allowed: issue.expected,
              detail: `${field} must be ${article(issue.expected)}, got ${describe(got)}`,
            },
      ];
    case "too_small":
    case "too_big": {
      const [code, allowed] = limitOf(issue);
      return [
        { pointer, code, got: printable(got), allowed, detail: `${field} must be ${allowed}` },
      ];
    }
    case "invalid_value":
      return [notAllowed(pointer, field, got, issue.values.map(String))];
    case "invalid_union":
      return unionProblems(issue, value, at, path, { pointer, field, got });
    default:
      return [
        { pointer, code: "format", got: printable(got), detail: `${field}: ${issue.message}` },
      ];
  }
};

/** Of a union, the branch that came furthest speaks: an object with a wrong member is no "expected 'constant'". */
const unionProblems = (
  issue: Extract<Issue, { code: "invalid_union" }>,
  value: unknown,
  at: Path,
  path: (string | number)[],
  named: { pointer: string; field: string; got: unknown },
): Problem[] => {
  const inner = valueAt(value, path);
  const deeper = issue.errors.find((errors) =>
    errors.some((error) => error.path.length > 0 || error.code === "unrecognized_keys"),
  );
  if (deeper !== undefined && typeof inner === "object" && inner !== null) {
    return deeper.flatMap((error) => problemsOf(error, inner, [...at, ...path], emptySchema));
  }
  const branches = issue.errors.flatMap((errors) =>
    errors.map((error) =>
      error.code === "invalid_value"
        ? error.values.map(String).join(", ")
        : error.code === "invalid_type"
          ? error.expected
          : error.message,
    ),
  );
  return [
    {
      pointer: named.pointer,
      code: "wrong_type",
      got: printable(named.got),
      allowed: branches.join(" | "),
      detail: `${named.field} must be one of: ${branches.join(" | ")}; got ${describe(named.got)}`,
    },
  ];
};

const emptySchema = {} as z.ZodType;

export const notAllowed = (
  pointer: string,
  field: string,
  got: unknown,
  values: readonly string[],
): Problem => {
  const near = typeof got === "string" ? closestWord(got, values) : null;
  const hint = near === null ? "" : `; did you mean '${near}'?`;
  return got === undefined
    ? {
        pointer,
        code: "required",
        allowed: values.join(", "),
        detail: `${field} is required: one of ${values.join(", ")}`,
      }
    : {
        pointer,
        code: "not_allowed",
        got: printable(got),
        allowed: values.join(", "),
        detail: `${field} must be one of ${values.join(", ")}${hint}`,
      };
};

export const unknownField = (key: string, at: Path, known: readonly string[]): Problem => {
  const near = closestWord(key, known);
  const shown = key.length > 64 ? `${key.slice(0, 64)}…` : key;
  return {
    pointer: pointerOf([...at, shown]),
    code: "unknown_field",
    detail:
      near !== null
        ? `did you mean '${near}'?`
        : `'${shown}' is no field here${known.length > 0 ? `; known: ${known.join(", ")}` : ""}`,
  };
};

/** The names an object schema knows at `path`, looking through optional and nullable wrappers. */
const knownFields = (schema: z.ZodType, path: Path): string[] => {
  let current = unwrapped(schema);
  for (const part of path) {
    const shape = (current as { shape?: Record<string, z.ZodType> }).shape;
    const element = (current as { element?: z.ZodType }).element;
    const next = typeof part === "number" ? element : shape?.[part];
    if (next === undefined) return [];
    current = unwrapped(next);
  }
  return Object.keys((current as { shape?: object }).shape ?? {});
};

const unwrapped = (schema: z.ZodType): z.ZodType => {
  let current = schema;
  while (typeof (current as { unwrap?: unknown }).unwrap === "function") {
    current = (current as unknown as { unwrap(): z.ZodType }).unwrap();
  }
  return current;
};

const limitOf = (
  issue: Extract<Issue, { code: "too_small" | "too_big" }>,
): ["minimum" | "maximum", string] => {
  const unit = issue.origin === "array" ? " items" : issue.origin === "string" ? " characters" : "";
  if (issue.code === "too_small") {
    return ["minimum", `${issue.inclusive === false ? ">" : ">="} ${issue.minimum}${unit}`];
  }
  return ["maximum", `${issue.inclusive === false ? "<" : "<="} ${issue.maximum}${unit}`];
};

const fieldName = (path: Path): string => {
  const names = path.filter((part) => typeof part === "string");
  return names.length === 0 ? "the body" : String(names.at(-1));
};

export const valueAt = (value: unknown, path: Path): unknown => {
  let current = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null) return undefined;
    if (!Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
};

const article = (word: string): string => (/^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`);

const describe = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return `the string ${JSON.stringify(short(value))}`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value;
};

/** `got` is echoed in an answer: short, and always JSON (NaN and Infinity are not). */
export const printable = (value: unknown): unknown => {
  if (typeof value === "string") return short(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  return describe(value);
};

const short = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
