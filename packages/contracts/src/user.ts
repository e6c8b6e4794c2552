/** People, their tokens, and what was changed by whom. */
import { z } from "zod";
import { timeSchema } from "./time.js";

export const TOKEN_SCOPE_NAMES = ["read", "submit", "operate", "admin"] as const;

const scope = z.enum(TOKEN_SCOPE_NAMES).meta({
  description:
    "each includes those before it. read: look; submit: sweeps, analyses, own tokens; operate: everybody's work, " +
    "workers, urgent work; admin: users, everybody's tokens, the audit log",
});

const shareFields = {
  weight: z
    .number()
    .positive()
    .max(1000)
    .meta({ description: "the user's part of the lab beside the others'" }),
  soft_limit: z
    .int()
    .min(0)
    .nullable()
    .meta({ description: "slots beyond which others come first" }),
  hard_limit: z.int().min(0).nullable().meta({ description: "slots at most at a time" }),
  requests_per_minute: z
    .int()
    .min(1)
    .nullable()
    .meta({ description: "null for the lab's own limit" }),
};

export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  ...shareFields,
  disabled: z.boolean(),
  created_at: timeSchema,
});

export const newUserSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][\w.-]{0,39}$/i, "must be a letter, then letters, digits, . _ or -"),
  weight: shareFields.weight.optional(),
  soft_limit: shareFields.soft_limit.optional(),
  hard_limit: shareFields.hard_limit.optional(),
  requests_per_minute: shareFields.requests_per_minute.optional(),
});

export const userChangesSchema = newUserSchema
  .omit({ name: true })
  .extend({ disabled: z.boolean().optional() });

export const tokenSchema = z.object({
  id: z.string(),
  user_id: z.string(),
  name: z.string(),
  scope,
  created_at: timeSchema,
  expires_at: timeSchema.nullable(),
  revoked_at: timeSchema.nullable(),
  last_used_at: timeSchema.nullable().meta({ description: "to the minute" }),
});

export const newTokenSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .refine((name) => !name.includes("\u0000"), { message: "must not contain NUL" }),
  scope,
  expires_in_days: z.number().positive().max(3650).optional(),
  user_id: z
    .string()
    .optional()
    .meta({ description: "whose; default yours; another's needs scope admin" }),
});

export const rotationSchema = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(0)
    .meta({ description: "how long the old token still opens" }),
});

export const madeTokenSchema = tokenSchema.extend({
  token: z.string().meta({ description: "the bearer token; shown this once" }),
});

export const usageSchema = z.object({
  user: z.object({ id: z.string(), name: z.string() }),
  scope,
  weight: z.number(),
  soft_limit: z.int().nullable(),
  hard_limit: z.int().nullable(),
  requests_per_minute: z.int(),
  queued_runs: z.int(),
  queued_runs_limit: z.int(),
  slots_in_use: z.int(),
  slot_seconds: z.object({
    decayed: z
      .number()
      .meta({ description: "with a half-life of 24 hours: what fair sharing counts" }),
    last_day: z.number(),
    last_week: z.number(),
  }),
});

export const auditSchema = z.object({
  id: z.string(),
  at: timeSchema,
  user_id: z.string(),
  token_id: z.string(),
  method: z.string(),
  route: z.string(),
  path: z.string(),
  status: z.int(),
  request_id: z.string(),
});
