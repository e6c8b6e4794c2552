/** The next runs of a search that learns, from its body and from what its runs so far came to. */
import { Generator } from "../random/generator.js";
import { generationFrom } from "../search/generations.js";
import type { Halving } from "../search/halving.js";
import { type Dimension, type Point, isInSpace } from "../search/parzen.js";
import { type Observation, proposePoint } from "../search/tpe.js";
import { type Problem, ValidationError } from "../validation/problem.js";
import { dimensionOf } from "./distributions.js";
import { nestFields } from "./fields.js";
import { parseSpec } from "./parseSpec.js";
import { fieldsAtPoint } from "./randomSearch.js";
import type { RunState } from "./runState.js";
import type { ExperimentSpec } from "./spec.js";
import { readStopEarly, rungProblems } from "./stopEarly.js";
import { readPart } from "./sweepRuns.js";
import type { Objective } from "./sweepSchema.js";
import { type TpeSearch, readTpeSearch } from "./tpeSearch.js";

/** What a stored sweep searches by. */
export interface SweepSearch {
  tpe: TpeSearch | null;
  halving: Halving | null;
}

/** Of the body that a sweep was submitted with. @throws ValidationError where it no longer fits this version */
export const readSweepSearch = (request: unknown): SweepSearch => {
  const body = (request ?? {}) as Record<string, unknown>;
  const problems: Problem[] = [];
  const tpe = readTpeSearch(body["tpe"], problems);
  if (problems.length > 0) throw new ValidationError(problems);
  return { tpe, halving: readStopEarly(body["stop_early"]) };
};

/** A run of the search that has ended. */
export interface EndedRun {
  point: Point;
  state: RunState;
  /** The last values of the metrics; null where there are none. */
  metrics: Record<Objective, number | null>;
  /** The rung that it stopped at, in epochs; null for a run on its way to its end. */
  stopAfterEpochs: number | null;
}

export interface ProposedRun {
  spec: ExperimentSpec;
  point: Point;
}

/** Tries at a point whose spec is valid: fields that are valid each alone may exclude each other. */
const TRIES = 100;

/**
 * A generator that gives a moment to its caller after each point that it tried, and returns the runs: with many results a
 * point takes long.
 *
 * @param made how many runs of the search there are; all have ended
 * @param ended those of them that are still known, in the order of the sweep
 * @returns null where the space has no valid point left to propose
 */
export function* proposeGeneration(
  request: unknown,
  { made, ended }: { made: number; ended: readonly EndedRun[] },
): Iterator<void, ProposedRun[] | null, void> {
  const { tpe, halving } = readSweepSearch(request);
  if (tpe === null) throw new Error("proposeGeneration: the sweep has no search that learns");
  const base = readPart((request as Record<string, unknown>)["base"], ["base"], []);
  const specAt = (point: Point): ExperimentSpec | null => {
    const fields = new Map([...base, ...fieldsAtPoint(tpe.distributions, point)]);
    const parsed = parseSpec(nestFields(fields));
    if (!parsed.ok || parsed.value.validationSize === 0) return null;
    if (halving !== null && rungProblems(halving, [parsed.value]).length > 0) return null;
    return parsed.value;
  };
  const space = tpe.distributions.map(dimensionOf);
  for (const { point } of ended) requireInSpace(point, space);
  const observations = ended.flatMap((run) => observationOf(run, tpe.objective));
  const proposed: ProposedRun[] = [];
  for (const index of generationFrom(made, tpe)) {
    const generator = Generator.seeded(tpe.samplingSeed, "proposals", index);
    const pending = proposed.map(({ point }) => point);
    let found: ProposedRun | null = null;
    for (let tries = 0; tries < TRIES && found === null; tries++) {
      const point = proposePoint(space, { observations, pending }, generator);
      const spec = specAt(point);
      if (spec !== null) found = { spec, point };
      // A point that is no valid run counts as bad, so that the next lies elsewhere.
      else pending.push(point);
      yield;
    }
    if (found === null) return null;
    proposed.push(found);
  }
  return proposed;
}

/** A stored point is checked again on reading: one of another space would be a place that no density knows. */
const requireInSpace = (point: Point, space: readonly Dimension[]): void => {
  if (isInSpace(point, space)) return;
  throw new Error(`a stored point of the search lies outside its space: ${point.join(", ")}`);
};

/** A cancelled run was not wanted, and says nothing of its point. */
const observationOf = (run: EndedRun, objective: Objective): Observation[] => {
  if (run.state === "canceled") return [];
  const value = run.state === "failed" ? null : run.metrics[objective];
  const loss = value === null ? null : objective === "validation_accuracy" ? -value : value;
  const prunedAt = run.state === "pruned" ? run.stopAfterEpochs : null;
  return [{ point: run.point, loss, prunedAt }];
};
