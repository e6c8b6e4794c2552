/** The wire form of a sweep, shallow: the parts that hold spec fields are checked field by field in sweep.ts. */
import { z } from "zod";
import { DEFAULT_SCALE, PRESET_NAMES, PRESET_SCALES } from "./presets/presetNames.js";
import { partialSpecSchema } from "./specSchema.js";
import { submissionFields, sweepNameSchema } from "./submission.js";

/** Runs a sweep may have. */
export const MAX_RUNS_PER_SWEEP = 10_000;

/** Runs a search that learns may make in all, and propose at once: a proposal costs the more the more results there are. */
export const MAX_TPE_SAMPLES = 2_000;
export const MAX_AT_A_TIME = 100;

const fieldTree = z.record(z.string(), z.unknown());

export const DISTRIBUTIONS = ["uniform", "log_uniform", "int_uniform", "choice"] as const;
export type DistributionName = (typeof DISTRIBUTIONS)[number];

/** What runs are selected by: test metrics are reported, never selected on. */
export const SELECTION_METRICS = ["validation_accuracy", "validation_loss"] as const;
export type Objective = (typeof SELECTION_METRICS)[number];

export const stopEarlySchema = z.strictObject({
  asha: z
    .strictObject({
      metric: z
        .enum(SELECTION_METRICS)
        .default("validation_accuracy")
        .meta({ description: "what runs are compared by" }),
      min_epochs: z
        .int()
        .min(1)
        .max(10_000)
        .meta({ description: "epochs after which they are first compared" }),
      reduction_factor: z.int().min(2).max(100).default(3).meta({
        description:
          "one run in so many goes on, for so many times the epochs; the others are pruned",
      }),
    })
    .meta({ description: "successive halving; runs that go on do so from their checkpoints" }),
});

export const sweepSchema = z.strictObject({
  name: sweepNameSchema
    .optional()
    .meta({ description: "for people; default: the preset's, or that of the first run" }),
  preset: z.enum(PRESET_NAMES).optional().meta({
    description:
      "the paper's experiments: one figure, or all of it; base is laid over every run. Excludes grid, runs, random, tpe and stop_early",
  }),
  scale: z
    .enum(PRESET_SCALES)
    .optional()
    .meta({ description: `of a preset: how large and how long; default ${DEFAULT_SCALE}` }),
  base: partialSpecSchema.optional().meta({ description: "fields that every run has" }),
  grid: fieldTree.optional().meta({
    description:
      "field -> list of values; every combination is a run. Nested fields nest, or are dotted: inference.rate",
  }),
  runs: z.array(partialSpecSchema).min(1).max(MAX_RUNS_PER_SWEEP).optional().meta({
    description: "explicit runs, each laid over base; combined with every point of grid",
  }),
  random: fieldTree.optional().meta({
    description:
      "samples: how many; sampling_seed: default 0; field -> {uniform|log_uniform|int_uniform: [low, high]} or {choice: [...]}",
  }),
  tpe: fieldTree.optional().meta({
    description:
      `a search that learns from the runs before. samples: how many runs in all, at most ${MAX_TPE_SAMPLES}; startup: those of ` +
      "them that are drawn at random, default 10; at_a_time: how many are proposed once all before have ended, default 4, at " +
      `most ${MAX_AT_A_TIME}; objective: validation_accuracy (the default) or validation_loss; sampling_seed: default 0; and ` +
      "fields as in random. Excludes grid, runs and random",
  }),
  stop_early: stopEarlySchema.optional().meta({
    description: "stops runs that fall behind the others of the sweep",
  }),
  ...submissionFields,
});

/** A spec in parts: `base`, an entry of `runs`. */
export type PartialSpecWire = z.output<typeof partialSpecSchema>;
export type SweepWire = z.input<typeof sweepSchema>;
