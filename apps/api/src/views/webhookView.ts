import type {
  deliverySchema,
  deliveryWithBodySchema,
  madeWebhookSchema,
  webhookSchema,
} from "@pclab/contracts";
import type { DeliveryRow, WebhookRow } from "@pclab/storage";
import type { z } from "zod";

export const viewWebhook = (row: WebhookRow): z.output<typeof webhookSchema> => ({
  id: row.id,
  user_id: row.userId,
  url: row.url,
  description: row.description,
  events: row.events,
  sweep_id: row.sweepId,
  tag: row.tag,
  enabled: row.enabled,
  disabled_reason: row.disabledReason,
  failing_since: row.failingSince?.toISOString() ?? null,
  last_delivered_at: row.lastDeliveredAt?.toISOString() ?? null,
  previous_secret_until: row.previousSecretUntil?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
});

export const viewMadeWebhook = (
  row: WebhookRow,
  secret: string,
): z.output<typeof madeWebhookSchema> => ({ ...viewWebhook(row), secret });

export const viewDelivery = (row: DeliveryRow): z.output<typeof deliverySchema> => ({
  id: row.id,
  webhook_id: row.webhookId,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
  last_attempt_at: row.lastAttemptAt?.toISOString() ?? null,
  delivered_at: row.deliveredAt?.toISOString() ?? null,
  response_status: row.responseStatus,
  error: row.error,
  created_at: row.createdAt.toISOString(),
});

export const viewDeliveryWithBody = (
  row: DeliveryRow,
): z.output<typeof deliveryWithBodySchema> => ({ ...viewDelivery(row), body: row.body });
