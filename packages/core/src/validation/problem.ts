/**
 * One thing that is wrong with a body, in the words of RFC 9457's `errors` extension: where (JSON Pointer, RFC 6901, as
 * a fragment), what kind (`code`, docs/ERRORS.md), what was there and what is allowed.
 */
export interface Problem {
  pointer: string;
  code: ProblemCode;
  detail: string;
  got?: unknown;
  allowed?: string;
}

/** The kinds of problem a body can have; each is explained in docs/ERRORS.md. */
export const PROBLEM_CODES = [
  "required",
  "unknown_field",
  "wrong_type",
  "minimum",
  "maximum",
  "not_allowed",
  "not_available",
  "conflict",
  "too_many_runs",
  "format",
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export type Path = readonly (string | number)[];

/** What a rule between fields found, at the path of the field to change. */
export type RuleProblem = Omit<Problem, "pointer"> & { path: Path };

/** RFC 6901, section 3 and 6: `~` and `/` inside a name are escaped. */
export const pointerOf = (path: Path): string =>
  `#${path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`;

/** Thrown where a body is refused; carries every problem found, never only the first. */
export class ValidationError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => `${problem.pointer}: ${problem.detail}`).join("; "));
    this.name = "ValidationError";
    this.problems = problems;
  }
}
