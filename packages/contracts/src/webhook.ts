/** Webhooks, their deliveries, and the messages that their receivers get. */
import {
  RUN_REASONS,
  RUN_STATES,
  WEBHOOK_EVENTS,
  WEBHOOK_PING,
  sweepNameSchema,
  tagSchema,
} from "@pclab/core";
import { z } from "zod";
import { timeSchema as time } from "./time.js";

const events = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .meta({
    description: "what to be told of; default all",
    examples: [["sweep.completed", "run.failed"]],
  });

const description = z
  .string()
  .max(200)
  .refine((text) => !text.includes("\u0000"), { message: "must not contain NUL" });

const filters = {
  sweep_id: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .nullish()
    .meta({ description: "this sweep alone, its runs and their analyses" }),
  tag: tagSchema.nullish().meta({
    description: "what carries this tag alone: sweeps, runs, analyses of such runs",
    examples: ["paper"],
  }),
};

/** Somebody's name and password would be shown to whoever reads the webhook. */
const isTarget = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
  );
};

export const newWebhookSchema = z.strictObject({
  url: z
    .string()
    .max(2000)
    .refine(isTarget, { message: "must be an http or https URL without a user name" })
    .meta({
      description: "http or https; where messages are posted to",
      examples: ["https://lab.example/hooks/pclab"],
    }),
  description: description.optional().meta({ description: "for people" }),
  events: events.optional(),
  ...filters,
});

export const webhookChangesSchema = newWebhookSchema.partial().extend({
  enabled: z
    .boolean()
    .optional()
    .meta({ description: "false: nothing is told or sent; true also after the lab disabled it" }),
});

export const webhookSchema = z.object({
  id: z.string(),
  user_id: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENTS)),
  sweep_id: z.string().nullable(),
  tag: z.string().nullable(),
  enabled: z.boolean(),
  disabled_reason: z.string().nullable(),
  failing_since: time
    .nullable()
    .meta({ description: "since when nothing has been delivered, though it was tried" }),
  last_delivered_at: time.nullable(),
  previous_secret_until: time
    .nullable()
    .meta({ description: "until then messages carry the signature of the secret before, too" }),
  created_at: time,
});

export const webhookSecretSchema = z.string().meta({
  description: "what messages are signed with; shown this once",
  examples: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
});

export const madeWebhookSchema = webhookSchema.extend({ secret: webhookSecretSchema });

export const secretRotationSchema = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(7 * 86_400)
    .default(86_400)
    .meta({ description: "how long messages carry the old secret's signature as well" }),
});

const messageType = z.enum([...WEBHOOK_EVENTS, WEBHOOK_PING]);

export const deliverySchema = z.object({
  id: z.string().meta({ description: "the message's webhook-id, the same at every try" }),
  webhook_id: z.string(),
  type: messageType,
  state: z
    .enum(["pending", "delivered", "failed"])
    .meta({ description: "failed: every try failed; redeliver starts anew" }),
  attempts: z.int().meta({ description: "tries so far" }),
  next_attempt_at: time.nullable(),
  last_attempt_at: time.nullable(),
  delivered_at: time.nullable(),
  response_status: z
    .int()
    .nullable()
    .meta({ description: "of the last try; null where none was answered" }),
  error: z.string().nullable().meta({ description: "why the last try failed" }),
  created_at: time,
});

export const deliveryWithBodySchema = deliverySchema.extend({
  body: z.string().meta({ description: "the text that is signed and sent, byte for byte" }),
});

const reason = z.enum(RUN_REASONS).nullable();

const runMessage = z.object({
  id: z.string(),
  sweep_id: z.string(),
  name: z.string(),
  state: z.enum(RUN_STATES),
  reason,
  reason_detail: z.string().nullable(),
  attempt: z.int(),
  tags: z.array(z.string()),
  metrics: z.record(z.string(), z.number()).meta({ description: "their last values" }),
  started_at: time.nullable(),
  finished_at: time,
});

const sweepMessage = z.object({
  id: z.string(),
  name: sweepNameSchema,
  state: z.enum(["completed", "failed", "canceled"]),
  tags: z.array(z.string()),
  counts: z.record(z.enum(RUN_STATES), z.int()),
  created_at: time,
});

const analysisMessage = z.object({
  id: z.string(),
  run_id: z.string(),
  sweep_id: z.string(),
  kind: z.string(),
  state: z.enum(["succeeded", "failed", "canceled"]),
  reason,
  reason_detail: z.string().nullable(),
  finished_at: time,
});

/** The body of a POST to a receiver. */
export const webhookMessageSchema = z.object({
  type: messageType,
  timestamp: time.meta({ description: "when it happened" }),
  data: z.union([runMessage, sweepMessage, analysisMessage, z.strictObject({ id: z.string() })]),
});
