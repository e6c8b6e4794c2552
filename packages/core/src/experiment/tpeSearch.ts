/** The `tpe` of a sweep's body: how many runs, by what they are judged, and the distributions that they come from. */
import { z } from "zod";
import type { GenerationSizes } from "../search/generations.js";
import { checkAgainst } from "../validation/check.js";
import type { Problem } from "../validation/problem.js";
import { type Distribution, readDistributions } from "./distributions.js";
import { samplingFields } from "./randomSearch.js";
import {
  MAX_AT_A_TIME,
  MAX_TPE_SAMPLES,
  type Objective,
  SELECTION_METRICS,
} from "./sweepSchema.js";

export interface TpeSearch extends GenerationSizes {
  samplingSeed: number;
  objective: Objective;
  /** In the order of their fields' names, whatever order they were written in: a stored body may have lost its own. */
  distributions: Distribution[];
}

const settingsSchema = z.object({
  ...samplingFields,
  samples: samplingFields.samples.max(MAX_TPE_SAMPLES),
  at_a_time: z.int().min(1).max(MAX_AT_A_TIME).default(4),
  startup: z.int().min(1).max(1000).default(10),
  objective: z.enum(SELECTION_METRICS).default("validation_accuracy"),
});

const SETTINGS = ["samples", "sampling_seed", "at_a_time", "startup", "objective"];

export const readTpeSearch = (tpe: unknown, problems: Problem[]): TpeSearch | null => {
  if (typeof tpe !== "object" || tpe === null || Array.isArray(tpe)) return null;
  const entries = Object.entries(tpe);
  const settings = checkAgainst(
    settingsSchema,
    Object.fromEntries(entries.filter(([key]) => SETTINGS.includes(key))),
    ["tpe"],
  );
  if (!settings.ok) problems.push(...settings.problems);
  const fields = Object.fromEntries(entries.filter(([key]) => !SETTINGS.includes(key)));
  const distributions = readDistributions(fields, "tpe", problems).sort((a, b) =>
    a.field < b.field ? -1 : 1,
  );
  if (distributions.length === 0) {
    problems.push({
      pointer: "#/tpe",
      code: "required",
      detail:
        "tpe needs a field to search over, such as learning_rate: {log_uniform: [1e-5, 1e-2]}",
    });
  }
  if (!settings.ok) return null;
  const { samples, sampling_seed, at_a_time, startup, objective } = settings.value;
  return {
    samples,
    samplingSeed: sampling_seed,
    atATime: at_a_time,
    startup,
    objective,
    distributions,
  };
};
