/** Lists come in pages; the cursor is the last id of the page before. */
import { z } from "zod";

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: "items a page" }),
  cursor: z
    .string()
    .regex(/^[\w-]{1,400}$/)
    .optional()
    .meta({ description: "next_cursor of the page before" }),
});

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    next_cursor: z.string().nullable(),
    has_more: z.boolean(),
  });

/** Long poll: the answer waits until the resource is terminal, or for `wait` seconds. */
export const waitQuerySchema = z.strictObject({
  wait: z.coerce
    .number()
    .min(0)
    .max(300)
    .default(0)
    .meta({ description: "seconds to wait at most" }),
  until: z.enum(["terminal"]).default("terminal").meta({ description: "what to wait for" }),
});
