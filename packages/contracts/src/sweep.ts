/** A sweep as the API answers it. */
import {
  ANALYSIS_STATES,
  PRIORITY_CLASSES,
  RUN_STATES,
  SWEEP_STATES,
  USER_ACTIONS,
  analysisSchema,
  submissionFields,
  sweepNameSchema,
} from "@pclab/core";
import { z } from "zod";
import { timeSchema as time } from "./time.js";

export const runCountsSchema = z.record(z.enum(RUN_STATES), z.int());

export const sweepBodySchema = z.object({
  id: z.string(),
  name: z.string(),
  user_id: z.string(),
  shared: z.boolean().meta({ description: "everybody in the lab may read it" }),
  tags: z.array(z.string()),
  notes: z.string(),
  priority_class: z.enum(PRIORITY_CLASSES),
  priority: z.int().meta({ description: "among its owner's sweeps of the class, higher first" }),
  state: z.enum(SWEEP_STATES),
  run_count: z.int(),
  planned_run_count: z.int().meta({
    description: "runs once its search has made them all; run_count, where they are all there",
  }),
  counts: runCountsSchema,
  analyses: z
    .record(z.enum(ANALYSIS_STATES), z.int())
    .meta({ description: "of its runs, per state" }),
  created_at: time,
  cancel_requested_at: time.nullable(),
  allowed_actions: z.array(z.enum(USER_ACTIONS)),
  deleted_at: time
    .nullable()
    .meta({ description: "until its grace period ends it can be restored" }),
  poll_after_ms: z
    .int()
    .nullable()
    .meta({ description: "null once the sweep is terminal and its analyses have ended" }),
});
export type SweepBody = z.output<typeof sweepBodySchema>;

/** What its owner may change. */
export const sweepChangesSchema = z.strictObject({
  name: sweepNameSchema.optional(),
  tags: submissionFields.tags,
  notes: submissionFields.notes,
  shared: submissionFields.shared,
  priority_class: submissionFields.priority_class,
  priority: submissionFields.priority,
});

export const planSchema = z.object({
  dry_run: z.literal(true),
  name: z.string(),
  run_count: z.int().meta({ description: "those that its search will make included" }),
  analysis_count: z.int().meta({ description: "done once their runs have succeeded" }),
  estimated_slot_seconds: z
    .number()
    .meta({ description: "of all runs and analyses on one core each" }),
  estimate_basis: z.enum(["measured", "assumed"]).meta({
    description:
      "the pace of what has finished on this server; or, where nothing has, of the native engine on a common core",
  }),
  estimated_seconds: z
    .number()
    .nullable()
    .meta({ description: "the same shared by the slots there are, the queue left aside" }),
  estimate_reason: z.string().nullable().meta({ description: "why there is no estimate" }),
  runs: z
    .array(
      z.object({
        name: z.string(),
        spec: z.record(z.string(), z.unknown()),
        analyses: z.array(analysisSchema),
      }),
    )
    .meta({ description: "of a search that learns, those that it begins with" }),
});
