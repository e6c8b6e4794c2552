/**
 * A sweep's body expanded into runs: every entry of `runs`, times every point of `grid`, times every draw of `random`,
 * each laid over `base`. The order is the order as written, the last grid field varying fastest.
 *
 * A preset brings its own runs; there `base` is laid over them. Of a search that learns the first generation is made;
 * proposeGeneration.ts makes the others.
 *
 * All problems are found before anything is refused, each with the pointer of the place where the researcher wrote the
 * value, whichever run it spoiled.
 */
import type { Point } from "../search/parzen.js";
import type { Halving } from "../search/halving.js";
import { type Checked, checkAgainst, printable } from "../validation/check.js";
import type { Problem } from "../validation/problem.js";
import { cornersOf } from "./distributions.js";
import { type FieldValues, type Sourced, fieldsOf, nestFields } from "./fields.js";
import { type Axis, readGrid } from "./grid.js";
import { printRunName } from "./name.js";
import { type ExpandedPreset, expandPreset } from "./presets/expandPreset.js";
import {
  DEFAULT_SCALE,
  PRESET_NAMES,
  PRESET_SCALES,
  type PresetName,
  type PresetScale,
} from "./presets/presetNames.js";
import { type RandomSearch, drawPoints, fieldsAtPoint, readRandomSearch } from "./randomSearch.js";
import type { ExperimentSpec } from "./spec.js";
import { readStopEarly, rungProblems, validationProblems } from "./stopEarly.js";
import { MAX_PROBLEMS, parseRuns, readPart } from "./sweepRuns.js";
import { MAX_RUNS_PER_SWEEP, sweepSchema } from "./sweepSchema.js";
import { type TpeSearch, readTpeSearch } from "./tpeSearch.js";

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
  /**
   * A search that learns: `runs` are its first generation, `points` their places in its space. `probes` are others of the
   * space, which must be as possible as the runs.
   */
  tpe?: TpeSearch & { points: Point[]; probes: ExperimentSpec[] };
  /** Runs stop at rungs, to be compared. */
  halving?: Halving;
}

export const expandSweep = (input: unknown): Checked<Sweep> => {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const checked = checkAgainst(sweepSchema, input);
    return checked.ok ? { ok: false, problems: [] } : checked;
  }
  const body = input as Record<string, unknown>;
  const problems: Problem[] = shapeProblems(body);
  const base = readPart(body["base"], ["base"], problems);
  if (body["preset"] !== undefined) return expandPresetSweep(body, base, problems);
  const halving = readStopEarly(body["stop_early"]);
  if (body["tpe"] !== undefined) return expandTpeSweep(body, { base, halving }, problems);
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
  if (halving !== null) problems.push(...validationProblems(runs), ...rungProblems(halving, runs));
  const [first] = runs;
  if (problems.length > 0 || first === undefined) return refused(problems);
  return {
    ok: true,
    value: {
      name: nameOf(body) ?? printRunName(first),
      runs,
      ...(halving === null ? {} : { halving }),
    },
  };
};

/** Draws beside those of the first generation, and its corners, must be valid too: later proposals come from the whole space. */
const PROBES = 200;

const expandTpeSweep = (
  body: Record<string, unknown>,
  { base, halving }: { base: FieldValues; halving: Halving | null },
  problems: Problem[],
): Checked<Sweep> => {
  const tpe = readTpeSearch(body["tpe"], problems);
  if (tpe === null) return refused(problems);
  const count = Math.min(tpe.startup, tpe.samples);
  const points = [
    ...drawPoints({ ...tpe, samples: count + PROBES }),
    ...cornersOf(tpe.distributions),
  ];
  const specs = parseRuns(
    points.map((point) => new Map([...base, ...fieldsAtPoint(tpe.distributions, point)])),
    problems,
  );
  problems.push(...validationProblems(specs));
  if (halving !== null) problems.push(...rungProblems(halving, specs));
  const [first] = specs;
  if (problems.length > 0 || first === undefined) return refused(problems);
  return {
    ok: true,
    value: {
      name: nameOf(body) ?? `tpe of ${printRunName(first)}`,
      runs: specs.slice(0, count),
      tpe: { ...tpe, points: points.slice(0, count), probes: specs.slice(count) },
      ...(halving === null ? {} : { halving }),
    },
  };
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

const refused = (problems: Problem[]): Checked<Sweep> => ({
  ok: false,
  problems: problems.slice(0, MAX_PROBLEMS),
});

/** The outer shape alone; what stands inside base, grid, runs and random is checked where it is read. */
const shapeProblems = (body: Record<string, unknown>): Problem[] => {
  const checked = checkAgainst(sweepSchema, body);
  if (checked.ok) return exclusionProblems(body);
  const problems = checked.problems.filter(({ pointer }) => {
    const [, part, ...inner] = pointer.split("/");
    return inner.length === 0 || !["base", "grid", "runs", "random", "tpe"].includes(part ?? "");
  });
  return [...problems, ...exclusionProblems(body)];
};

/** What cannot stand together: a preset brings its own runs, and so does a search that learns. */
const exclusionProblems = (body: Record<string, unknown>): Problem[] => {
  const parts = (names: readonly string[], detail: (part: string) => string): Problem[] =>
    names
      .filter((part) => body[part] !== undefined)
      .map((part) => ({ pointer: `#/${part}`, code: "conflict", detail: detail(part) }));
  if (body["preset"] !== undefined) {
    return parts(
      ["grid", "runs", "random", "tpe", "stop_early"],
      (part) =>
        `a preset brings its own runs; leave ${part} out, or lay fields over every run with base`,
    );
  }
  const problems: Problem[] = [];
  if (body["scale"] !== undefined) {
    problems.push({
      pointer: "#/scale",
      code: "conflict",
      got: printable(body["scale"]),
      detail: `scale belongs to a preset, and there is none; name one (${PRESET_NAMES.join(", ")}) or leave scale out`,
    });
  }
  if (body["tpe"] !== undefined) {
    problems.push(
      ...parts(
        ["grid", "runs", "random"],
        (part) =>
          `tpe proposes the runs itself; leave ${part} out, and give a field with few values to tpe as {choice: [...]}`,
      ),
    );
    if (body["on_duplicate"] === "error") {
      problems.push({
        pointer: "#/on_duplicate",
        code: "conflict",
        got: "error",
        allowed: "run, reuse",
        detail: "what tpe will propose is not known yet and cannot be refused; use run or reuse",
      });
    }
  }
  return problems;
};

const countRuns = (entries: number, axes: Axis[], random: RandomSearch | null): number =>
  axes.reduce((product, axis) => product * axis.values.length, entries) * (random?.samples ?? 1);

function* expand(
  base: FieldValues,
  entries: FieldValues[],
  axes: Axis[],
  random: RandomSearch | null,
): Generator<FieldValues> {
  const draws =
    random === null
      ? [[]]
      : drawPoints(random).map((point) => fieldsAtPoint(random.distributions, point));
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
