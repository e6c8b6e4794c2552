/** An analysis as the API answers it. */
import { ANALYSIS_KINDS, ANALYSIS_STATES, RUN_REASONS, analysisSchema } from "@pclab/core";
import { z } from "zod";
import { timeSchema as time } from "./time.js";

export const analysisBodySchema = z.object({
  id: z.string(),
  run_id: z.string(),
  checkpoint_id: z
    .string()
    .nullable()
    .meta({ description: "what it looks at; null is the run's last" }),
  kind: z.enum(ANALYSIS_KINDS),
  settings: analysisSchema.meta({ description: "with every default filled in" }),
  state: z.enum(ANALYSIS_STATES),
  reason: z.enum(RUN_REASONS).nullable(),
  reason_detail: z.string().nullable(),
  engine: z.string().nullable().meta({ description: "the id of the engine that computed it" }),
  progress: z.object({
    done: z.int().meta({ description: "points of a landscape; else 0 or 1" }),
    total: z.int(),
    fraction: z.number().min(0).max(1),
    seconds_left: z.number().nullable().meta({ description: "at the pace so far" }),
  }),
  estimated_seconds: z
    .number()
    .meta({ description: "of one slot, as they were forecast on submission" }),
  result: z
    .unknown()
    .meta({ description: "null until it succeeded; a landscape's points come with `/points`" }),
  created_at: time,
  started_at: time.nullable(),
  finished_at: time.nullable(),
  poll_after_ms: z.int().nullable().meta({ description: "null once the analysis is terminal" }),
});
export type AnalysisBody = z.output<typeof analysisBodySchema>;

export const analysisPointsSchema = z.object({
  coordinates: z
    .array(z.array(z.number()))
    .meta({ description: "of each point, in the grid's order" }),
  value: z
    .array(z.number().nullable())
    .meta({ description: "null where not finite, or not there yet" }),
  accuracy: z.array(z.number().nullable()),
});
