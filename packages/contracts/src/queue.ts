import { z } from "zod";

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
        queued_at: z.iso.datetime(),
      }),
    )
    .meta({ description: "your own queued runs, first come first" }),
});
