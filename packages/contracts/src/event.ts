/** What happened to runs: as JSON pages, and as the events of a stream. */
import { z } from "zod";
import { timeSchema } from "./time.js";

export const runEventSchema = z.object({
  id: z
    .string()
    .meta({ description: "the event's place in the stream: Last-Event-ID, or `after`" }),
  run_id: z.string(),
  type: z.enum(["state", "metric", "log", "checkpoint"]),
  data: z.record(z.string(), z.unknown()),
  created_at: timeSchema,
});
export type RunEventBody = z.output<typeof runEventSchema>;

export const logLineSchema = z.object({
  sequence: z.int(),
  at: timeSchema,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
});
