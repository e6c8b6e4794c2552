import { METRIC_NAMES, RUN_STATES } from "@pclab/core";
import { z } from "zod";

export const comparisonSchema = z.object({
  runs: z.array(z.object({ id: z.string(), name: z.string(), state: z.enum(RUN_STATES) })),
  differing: z
    .array(z.object({ field: z.string(), values: z.array(z.unknown()) }))
    .meta({ description: "fields of the spec in which the runs differ, a value each" }),
  shared: z
    .record(z.string(), z.unknown())
    .meta({ description: "fields that are the same in all" }),
  metrics: z
    .array(z.object({ name: z.enum(METRIC_NAMES), values: z.array(z.number().nullable()) }))
    .meta({ description: "the last value of each" }),
});
