/** Messages on their way: claimed by whoever sends them, tried, and listed for their owner. */
import { WEBHOOK_PING, type WebhookMessageType } from "@pclab/core";
import type { Database, Transaction } from "./database.js";
import type { WebhookDelivery } from "./generated/prisma/client.js";
import { storeMessages } from "./webhookMessages.js";
import type { WebhookKey } from "./webhooks.js";

export const DELIVERY_STATES = ["pending", "delivered", "failed"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The table's CHECK holds the states, and only this code writes types. */
export type DeliveryRow = Omit<WebhookDelivery, "state" | "type"> & {
  state: DeliveryState;
  type: WebhookMessageType;
};

const asDeliveryRow = (row: WebhookDelivery): DeliveryRow => row as DeliveryRow;

/** Newest first. */
export const listDeliveries = async (
  { prisma }: Database,
  {
    webhookId,
    states,
    limit,
    after,
  }: {
    webhookId: string;
    states: readonly DeliveryState[] | undefined;
    limit: number;
    after: string | null;
  },
): Promise<DeliveryRow[]> => {
  const rows = await prisma.webhookDelivery.findMany({
    where: {
      webhookId,
      ...(states === undefined ? {} : { state: { in: [...states] } }),
      ...(after === null ? {} : { id: { lt: after } }),
    },
    orderBy: { id: "desc" },
    take: limit,
  });
  return rows.map(asDeliveryRow);
};

export const findDelivery = async (
  { prisma }: Database,
  { webhookId, id }: { webhookId: string; id: string },
): Promise<DeliveryRow | null> => {
  const row = await prisma.webhookDelivery.findFirst({ where: { webhookId, id } });
  return row === null ? null : asDeliveryRow(row);
};

/** A message that tells of nothing but the webhook itself. Null when the user has no such webhook. */
export const pingWebhook = async (
  { prisma }: Database,
  key: WebhookKey,
): Promise<DeliveryRow | null> =>
  prisma.$transaction(async (transaction) => {
    const webhook = await transaction.webhook.findFirst({ where: key, select: { id: true } });
    if (webhook === null) return null;
    const ids = await storeMessages(transaction, [
      { webhookId: webhook.id, type: WEBHOOK_PING, at: new Date(), data: { id: webhook.id } },
    ]);
    const row = await transaction.webhookDelivery.findFirst({ where: { id: { in: ids } } });
    return row === null ? null : asDeliveryRow(row);
  });

/** Sent again, with a whole schedule of retries; one that is pending is sent at once. */
export const redeliver = async (
  { prisma }: Database,
  where: { webhookId: string; id: string },
): Promise<DeliveryRow | null> =>
  prisma.$transaction(async (transaction) => {
    const changed = await transaction.$executeRaw`
      UPDATE webhook_deliveries SET state = 'pending', failures = 0, next_attempt_at = now(), delivered_at = NULL
      WHERE id = ${where.id} AND webhook_id = ${where.webhookId}`;
    if (changed === 0) return null;
    return asDeliveryRow(await transaction.webhookDelivery.findFirstOrThrow({ where }));
  });

/** What a try needs. */
export interface ClaimedDelivery {
  id: string;
  webhookId: string;
  body: string;
  /** Of this try: the fence of what it writes. */
  attempt: number;
  failures: number;
  url: string;
  secret: Uint8Array;
  /** Null once a rotation's overlap is over. */
  previousSecret: Uint8Array | null;
}

/**
 * Messages that are due, at most `perWebhook` of each webhook that is not `busy`. Several processes get different ones.
 * One whose sender dies is due again after `claimMs`: it may then arrive twice.
 */
export const claimDeliveries = async (
  { prisma }: Database,
  {
    limit,
    perWebhook,
    busy,
    claimMs,
  }: { limit: number; perWebhook: number; busy: readonly string[]; claimMs: number },
): Promise<ClaimedDelivery[]> =>
  prisma.$queryRaw<ClaimedDelivery[]>`
    WITH due AS MATERIALIZED (
      SELECT delivery.id FROM webhooks JOIN users ON users.id = webhooks.user_id
      CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM webhook_deliveries
        WHERE webhook_id = webhooks.id AND state = 'pending' AND next_attempt_at <= now()
        ORDER BY next_attempt_at, id LIMIT ${perWebhook}::int FOR UPDATE SKIP LOCKED) AS delivery
      WHERE webhooks.enabled AND users.disabled_at IS NULL AND NOT webhooks.id = ANY(${[...busy]}::text[])
      ORDER BY delivery.next_attempt_at LIMIT ${limit}::int)
    UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = now(),
      next_attempt_at = now() + ${claimMs}::float8 * interval '1 millisecond'
    FROM due, webhooks
    WHERE webhook_deliveries.id = due.id AND webhooks.id = webhook_deliveries.webhook_id
    RETURNING webhook_deliveries.id, webhook_deliveries.webhook_id AS "webhookId", body, attempts AS attempt, failures,
      url, secret, CASE WHEN previous_secret_until > now() THEN previous_secret END AS "previousSecret"`;

export interface Try {
  id: string;
  webhookId: string;
  attempt: number;
}

/** Before any of its deliveries, as its deletion takes them: neither can deadlock the other. */
const lockWebhook = async (transaction: Transaction, webhookId: string): Promise<void> => {
  await transaction.$executeRaw`SELECT 1 FROM webhooks WHERE id = ${webhookId} FOR NO KEY UPDATE`;
};

/** False when another try has taken its place. */
export const recordDelivered = async (
  { prisma }: Database,
  { id, webhookId, attempt }: Try,
  responseStatus: number,
): Promise<boolean> =>
  prisma.$transaction(async (transaction) => {
    await lockWebhook(transaction, webhookId);
    const { count } = await transaction.webhookDelivery.updateMany({
      where: { id, attempts: attempt, state: "pending" },
      data: {
        state: "delivered",
        nextAttemptAt: null,
        deliveredAt: new Date(),
        responseStatus,
        error: null,
      },
    });
    if (count === 0) return false;
    await transaction.webhook.updateMany({
      where: { id: webhookId },
      data: { failingSince: null, lastDeliveredAt: new Date() },
    });
    return true;
  });

export interface Failure {
  /** Null where none was answered. */
  responseStatus: number | null;
  error: string;
  /** Until the next try; null when this was the last. */
  retryMs: number | null;
}

/**
 * Answers why the webhook was disabled, if it was: it has failed for `disableAfterMs`, or its receiver is gone for good.
 * What is pending then waits until its owner enables it.
 */
export const recordFailure = async (
  { prisma }: Database,
  { id, webhookId, attempt }: Try,
  { responseStatus, error, retryMs }: Failure,
  disableAfterMs: number,
): Promise<string | null> =>
  prisma.$transaction(async (transaction) => {
    await lockWebhook(transaction, webhookId);
    const changed = await transaction.$executeRaw`
      UPDATE webhook_deliveries SET failures = failures + 1, response_status = ${responseStatus}::int, error = ${error},
        state = CASE WHEN ${retryMs}::float8 IS NULL THEN 'failed' ELSE 'pending' END,
        next_attempt_at = now() + ${retryMs}::float8 * interval '1 millisecond'
      WHERE id = ${id} AND attempts = ${attempt}::int AND state = 'pending'`;
    if (changed === 0) return null;
    return noteFailure(transaction, { webhookId, responseStatus, error, disableAfterMs });
  });

const noteFailure = async (
  transaction: Transaction,
  {
    webhookId,
    responseStatus,
    error,
    disableAfterMs,
  }: {
    webhookId: string;
    responseStatus: number | null;
    error: string;
    disableAfterMs: number;
  },
): Promise<string | null> => {
  await transaction.$executeRaw`
    UPDATE webhooks SET failing_since = COALESCE(failing_since, now()) WHERE id = ${webhookId}`;
  const gone = responseStatus === 410;
  const days = Math.round((disableAfterMs / 86_400_000) * 10) / 10;
  const reason = gone
    ? "its receiver answered 410 Gone"
    : `nothing could be delivered for ${days} days; the last: ${error}`;
  const disabled = await transaction.$executeRaw`
    UPDATE webhooks SET enabled = false, disabled_reason = ${reason}, version = version + 1
    WHERE id = ${webhookId} AND enabled
      AND (${gone} OR failing_since <= now() - ${disableAfterMs}::float8 * interval '1 millisecond')`;
  return disabled > 0 ? reason : null;
};

/**
 * Removes what was stored so long ago; answers how many went. It waits for no row, so that it and the deletion of a webhook
 * cannot wait for each other; what it skips goes the next time.
 */
export const purgeDeliveries = async ({ prisma }: Database, ageMs: number): Promise<number> =>
  prisma.$executeRaw`
    DELETE FROM webhook_deliveries WHERE id IN (
      SELECT id FROM webhook_deliveries WHERE created_at < now() - ${ageMs}::float8 * interval '1 millisecond'
      FOR UPDATE SKIP LOCKED)`;
