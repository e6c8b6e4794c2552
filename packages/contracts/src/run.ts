/** A run as the API answers it. */
import {
  ENGINES,
  METRIC_NAMES,
  RUN_REASONS,
  RUN_STATES,
  USER_ACTIONS,
  labelFields,
  numericsChangeSchema,
  specSchema,
} from "@pclab/core";
import { z } from "zod";
import { timeSchema as time } from "./time.js";

const numericsChanged = z
  .array(numericsChangeSchema)
  .meta({ description: "where the run went on with another engine than its checkpoint's" });

export const runSchema = z.object({
  id: z.string(),
  sweep_id: z.string(),
  user_id: z.string(),
  index: z.int().meta({ description: "place in the sweep, from 0" }),
  name: z
    .string()
    .meta({ description: "algorithm_width_depth_relaxedConditions", examples: ["pc_256_8_rc2"] }),
  state: z.enum(RUN_STATES),
  reason: z.enum(RUN_REASONS).nullable(),
  reason_detail: z.string().nullable(),
  allowed_actions: z.array(z.enum(USER_ACTIONS)),
  attempt: z.int().meta({ description: "0 before the first claim" }),
  engine: z.string().nullable().meta({ description: "the engine's id, once training has begun" }),
  numerics_changed: numericsChanged,
  spec: specSchema.meta({ description: "with every default filled in" }),
  tags: z.array(z.string()),
  notes: z.string(),
  duplicate_of: z
    .string()
    .nullable()
    .meta({ description: "a run of yours of the same spec that was there before" }),
  results_of: z
    .string()
    .nullable()
    .meta({ description: "the run that was trained, where this one took over its results" }),
  stop_after_epochs: z.int().nullable().meta({
    description: "its search compares it with others there, before it goes on; null: its end",
  }),
  progress: z.object({
    epoch: z.number(),
    weight_updates: z.int(),
    total_weight_updates: z.int(),
    fraction: z.number().min(0).max(1),
    seconds_left: z.number().nullable(),
  }),
  queue: z
    .object({
      position: z.int().min(1),
      eta: time.nullable(),
      eta_p90: time.nullable().meta({ description: "it starts by then nine times in ten" }),
      eta_reason: z.string().nullable().meta({ description: "why there is no forecast" }),
    })
    .nullable()
    .meta({ description: "null for a run that is not queued" }),
  metrics: z
    .partialRecord(z.enum(METRIC_NAMES), z.number())
    .meta({ description: "the last value of the losses and accuracies" }),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  poll_after_ms: z.int().nullable().meta({ description: "null once the run is terminal" }),
});
export type RunBody = z.output<typeof runSchema>;

/** What its owner may change. */
export const runChangesSchema = z.strictObject({
  tags: labelFields.tags.optional(),
  notes: labelFields.notes.optional(),
});

export const metricRowSchema = z.object({
  weight_update: z.int(),
  name: z.enum(METRIC_NAMES),
  layer: z.int().nullable().meta({ description: "1..L for a value of one layer" }),
  value: z.number(),
});

export const metricsSchema = z.object({
  data: z
    .array(metricRowSchema)
    .meta({ description: "in the order of training, then by name and layer" }),
  units: z.partialRecord(z.enum(METRIC_NAMES), z.string()),
  derived: z.object({
    seconds_to_90: z.number().nullable().meta({
      description: "train_seconds at which validation accuracy reaches 0.9 of its last value",
    }),
  }),
});

export const attemptSchema = z.object({
  number: z.int(),
  worker_id: z.string(),
  host: z.string(),
  started_at: time,
  ended_at: time.nullable(),
  outcome: z.string().nullable(),
  detail: z.string().nullable(),
  resumed_from_weight_update: z.int().nullable(),
  numerics_changed: z.boolean(),
});

export const checkpointSchema = z.object({
  id: z.string(),
  run_id: z.string(),
  attempt: z.int(),
  weight_update: z.int(),
  final: z.boolean(),
  kept: z.boolean().meta({ description: "it stays when newer ones come" }),
  best: z.boolean().meta({
    description:
      "with keep_best: of the evaluation that validated best; it stays until a better one comes",
  }),
  size_bytes: z.int(),
  sha256: z.string(),
  created_at: time,
});

export const manifestSchema = z
  .object({
    run_id: z.string(),
    name: z.string(),
    spec: specSchema,
    seed: z.int(),
    engine: z.string().meta({ description: "the engine's id" }),
    engine_choice: z
      .object({ spec: z.enum(ENGINES), worker: z.enum(ENGINES) })
      // Runs of an earlier version have none.
      .optional()
      .meta({ description: "what the spec asked for, and what the worker gives for `auto`" }),
    numerics_changed: numericsChanged.default([]),
    versions: z.record(z.string(), z.string()),
    git_sha: z.string().nullable(),
    dataset: z.object({ name: z.string(), sha256: z.string() }),
    pack: z
      .object({ runs: z.int().min(2), place: z.int().min(1) })
      .nullable()
      // Runs of an earlier version have none.
      .default(null)
      .meta({
        description:
          "of how many runs that trained in one engine, and which of them; null for a run that trained alone. The times of a packed run are shared with the others",
      }),
    host: z.record(z.string(), z.unknown()),
  })
  .meta({ description: "all that is needed to repeat the run" });
