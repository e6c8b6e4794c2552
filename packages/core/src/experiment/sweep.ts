/**
 * A sweep's body expanded into runs: every entry of `runs`, times every point of `grid`, times every draw of `random`,
 * each laid over `base`. The order is the order as written, the last grid field varying fastest.
 *
 * A preset brings its own runs; there `base` is laid over them.
 *
 * All problems are found before anything is refused, each with the pointer of the place where the researcher wrote the
 * value, whichever run it spoiled.
 */
import { type Checked, checkAgainst, printable } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";
import { type Axis, readGrid } from "./grid.js";
import { type FieldValues, type Sourced, fieldsOf, nestFields } from "./fields.js";
import { printRunName } from "./name.js";
import { parseSpec } from "./parseSpec.js";
import { type RandomSearch, drawPoints, readRandomSearch } from "./randomSearch.js";
import type { ExperimentSpec } from "./spec.js";
import { type ExpandedPreset, expandPreset } from "./presets/expandPreset.js";
import {
  DEFAULT_SCALE,
  PRESET_NAMES,
  PRESET_SCALES,
  type PresetName,
  type PresetScale,
} from "./presets/presetNames.js";
import { partialSpecSchema } from "./specSchema.js";
import { MAX_RUNS_PER_SWEEP, sweepSchema } from "./sweepSchema.js";

/** The preset that a sweep was made from; its figures name runs by their places in the sweep. */
export interface SweepPreset {
  name: PresetName;
  scale: PresetScale;
  figures: ExpandedPreset["figures"];
}

export interface Sweep {
  name: string;
  runs: ExperimentSpec[];
  preset?: SweepPreset;
}

/** A body that is wrong in a thousand ways is answered with the first hundred. */
const MAX_PROBLEMS = 100;

export const expandSweep = (input: unknown): Checked<Sweep> => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const checked = checkAgainst(sweepSchema, input);
    return checked.ok ? { ok: false, problems: [] } : checked;
  }
  const body = input as Record<string, unknown>;
  const problems: Problem[] = shapeProblems(body);
  const base = readPart(body["base"], ["base"], problems);
  if (body["preset"] !== undefined) return expandPresetSweep(body, base, problems);
  const entries = Array.isArray(body["runs"])
    ? body["runs"].map((entry, index) => readPart(entry, ["runs", index], problems))
    : [new Map()];
  const axes = readGrid(body["grid"], problems);
  const random = readRandomSearch(body["random"], problems);

  const count = countRuns(entries.length, axes, random);
  if (count > MAX_RUNS_PER_SWEEP) {
    problems.push({
      pointer:
        body["grid"] === undefined
          ? body["random"] === undefined
            ? "#/runs"
            : "#/random"
          : "#/grid",
      code: "too_many_runs",
      got: count,
      allowed: `<= ${MAX_RUNS_PER_SWEEP}`,
      detail: `the sweep has ${count} runs, ${MAX_RUNS_PER_SWEEP} are allowed; split it`,
    });
    return refused(problems);
  }
  const runs = parseRuns(expand(base, entries, axes, random), problems);
  const [first] = runs;
  if (problems.length > 0 || first === undefined) return refused(problems);
  return { ok: true, value: { name: nameOf(body) ?? printRunName(first), runs } };
};

/** Every run of a preset, its fields with their source: `base` where it lays one over, else the preset. */
const expandPresetSweep = (
  body: Record<string, unknown>,
  base: FieldValues,
  problems: Problem[],
): Checked<Sweep> => {
  const name = PRESET_NAMES.find((known) => known === body["preset"]);
  const scale = PRESET_SCALES.find((known) => known === (body["scale"] ?? DEFAULT_SCALE));
  // A name that is not known is among the problems of the body's shape already.
  if (name === undefined || scale === undefined) return refused(problems);
  const expanded = expandPreset({ preset: name, scale, overrides: nestFields(base) });
  const fieldsOfRuns = expanded.body.runs.map((run): FieldValues => {
    const own = fieldsOf(run).map(({ path, value }): [string, Sourced] => [
      path.join("."),
      { value, pointer: "#/preset", isWrong: false },
    ]);
    return new Map([...own, ...base]);
  });
  const runs = parseRuns(fieldsOfRuns, problems);
  if (problems.length > 0) return refused(problems);
  const preset = { name, scale, figures: expanded.figures };
  return { ok: true, value: { name: nameOf(body) ?? expanded.body.name, runs, preset } };
};

const nameOf = ({ name }: Record<string, unknown>): string | null =>
  typeof name === "string" ? name : null;

const parseRuns = (fieldsOfRuns: Iterable<FieldValues>, problems: Problem[]): ExperimentSpec[] => {
  const runs: ExperimentSpec[] = [];
  for (const fields of fieldsOfRuns) {
    const parsed = parseSpec(nestFields(fields));
    if (parsed.ok) runs.push(parsed.value);
    else addRunProblems(parsed.problems, fields, problems);
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return runs;
};

const refused = (problems: Problem[]): Checked<Sweep> => ({
  ok: false,
  problems: problems.slice(0, MAX_PROBLEMS),
});

/** The outer shape alone; what stands inside base, grid, runs and random is checked where it is read. */
const shapeProblems = (body: Record<string, unknown>): Problem[] => {
  const checked = checkAgainst(sweepSchema, body);
  if (checked.ok) return presetProblems(body);
  const problems = checked.problems.filter(({ pointer }) => {
    const [, part, ...inner] = pointer.split("/");
    return inner.length === 0 || !["base", "grid", "runs", "random"].includes(part ?? "");
  });
  return [...problems, ...presetProblems(body)];
};

/** A preset brings its own runs, and only a preset has a scale. */
const presetProblems = (body: Record<string, unknown>): Problem[] => {
  if (body["preset"] === undefined) {
    if (body["scale"] === undefined) return [];
    return [
      {
        pointer: "#/scale",
        code: "conflict",
        got: printable(body["scale"]),
        detail: `scale belongs to a preset, and there is none; name one (${PRESET_NAMES.join(", ")}) or leave scale out`,
      },
    ];
  }
  return (["grid", "runs", "random"] as const).flatMap((part) =>
    body[part] === undefined
      ? []
      : [
          {
            pointer: `#/${part}`,
            code: "conflict" as const,
            detail: `a preset brings its own runs; leave ${part} out, or lay fields over every run with base`,
          },
        ],
  );
};

/** The valid fields of one part of the body; the problems of the others are added to `problems`. */
const readPart = (part: unknown, at: Path, problems: Problem[]): FieldValues => {
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

const countRuns = (entries: number, axes: Axis[], random: RandomSearch | null): number =>
  axes.reduce((product, axis) => product * axis.values.length, entries) * (random?.samples ?? 1);

function* expand(
  base: FieldValues,
  entries: FieldValues[],
  axes: Axis[],
  random: RandomSearch | null,
): Generator<FieldValues> {
  const draws = drawPoints(random);
  for (const entry of entries) {
    for (const point of gridPoints(axes)) {
      for (const draw of draws) yield new Map([...base, ...entry, ...point, ...draw]);
    }
  }
}

function* gridPoints(axes: Axis[]): Generator<[string, Sourced][]> {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    yield [];
    return;
  }
  for (const value of axis.values) {
    for (const point of gridPoints(rest)) yield [[axis.field, value], ...point];
  }
}

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
