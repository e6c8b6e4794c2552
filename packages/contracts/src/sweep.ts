/** A sweep as the API answers it. */
import { RUN_STATES, SWEEP_STATES } from "@pclab/core";
import { z } from "zod";

const time = z.iso.datetime().meta({ description: "RFC 3339, UTC" });

export const runCountsSchema = z.record(z.enum(RUN_STATES), z.int());

export const sweepBodySchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(SWEEP_STATES),
  run_count: z.int(),
  counts: runCountsSchema,
  created_at: time,
  cancel_requested_at: time.nullable(),
  poll_after_ms: z.int().nullable().meta({ description: "null once the sweep is terminal" }),
});
export type SweepBody = z.output<typeof sweepBodySchema>;

export const planSchema = z.object({
  dry_run: z.literal(true),
  name: z.string(),
  run_count: z.int(),
  estimated_slot_seconds: z.number().nullable().meta({
    description:
      "training seconds of all runs on one core each, at the pace of this server's finished runs",
  }),
  estimated_seconds: z
    .number()
    .nullable()
    .meta({ description: "the same shared by the slots there are, the queue left aside" }),
  estimate_reason: z.string().nullable().meta({ description: "why there is no estimate" }),
  runs: z.array(z.object({ name: z.string(), spec: z.record(z.string(), z.unknown()) })),
});
