import { RUN_STATES } from "@pclab/core";
import { z } from "zod";
import { timeSchema } from "./time.js";

export const queueSchema = z.object({
  queued: z.int(),
  running: z.int(),
  workers: z.int(),
  slots: z.object({ total: z.int(), busy: z.int() }),
  next: z
    .array(
      z.object({
        position: z.int(),
        run_id: z.string(),
        name: z.string(),
        sweep_id: z.string(),
        queued_at: timeSchema,
        eta: timeSchema.nullable(),
      }),
    )
    .meta({ description: "your own queued runs, first come first" }),
});

export const explanationSchema = z.object({
  run_id: z.string(),
  state: z.enum(RUN_STATES),
  sentence: z.string(),
  facts: z
    .object({
      position: z.int().nullable(),
      priority_class: z.string(),
      own_ahead: z.int().meta({ description: "what of the same user starts before it" }),
      others_ahead: z.int(),
      slots_total: z.int(),
      slots_in_use: z.int().meta({ description: "by the run's user" }),
      slots_entitled: z.int().meta({ description: "the user's part by weight, rounded up" }),
      seconds_to_start: z.number().nullable(),
    })
    .nullable()
    .meta({ description: "null for a run that does not wait" }),
});
