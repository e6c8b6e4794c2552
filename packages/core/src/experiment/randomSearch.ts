/** Random search: independent draws of fields from distributions, the same for the same sampling seed. */
import { z } from "zod";
import { Generator } from "../random/generator.js";
import { checkAgainst } from "../validation/check.js";
import type { Problem } from "../validation/problem.js";
import {
  type Distribution,
  drawCoordinate,
  readDistributions,
  valueAtCoordinate,
} from "./distributions.js";
import type { Sourced } from "./fields.js";
import { MAX_RUNS_PER_SWEEP } from "./sweepSchema.js";

export interface RandomSearch {
  samples: number;
  samplingSeed: number;
  distributions: Distribution[];
}

/** Of every search that draws: how many runs, and from which seed. */
export const samplingFields = {
  samples: z.int().min(1).max(MAX_RUNS_PER_SWEEP),
  sampling_seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0),
};

const countsSchema = z.object(samplingFields);

export const readRandomSearch = (random: unknown, problems: Problem[]): RandomSearch | null => {
  if (typeof random !== "object" || random === null || Array.isArray(random)) return null;
  const { samples, sampling_seed, ...fields } = random as Record<string, unknown>;
  const counts = checkAgainst(
    countsSchema,
    sampling_seed === undefined ? { samples } : { samples, sampling_seed },
    ["random"],
  );
  if (!counts.ok) problems.push(...counts.problems);
  const distributions = readDistributions(fields, "random", problems);
  if (!counts.ok) return null;
  return { samples: counts.value.samples, samplingSeed: counts.value.sampling_seed, distributions };
};

/** One point a sample, a coordinate a distribution. */
export const drawPoints = ({ samples, samplingSeed, distributions }: RandomSearch): number[][] => {
  const generator = Generator.seeded(samplingSeed, "search");
  return Array.from({ length: samples }, () =>
    distributions.map((distribution) => drawCoordinate(distribution, generator)),
  );
};

/** The fields of a point. */
export const fieldsAtPoint = (
  distributions: readonly Distribution[],
  point: readonly number[],
): [string, Sourced][] =>
  distributions.map((distribution, index) => [
    distribution.field,
    valueAtCoordinate(distribution, point[index]),
  ]);
