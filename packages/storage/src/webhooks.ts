/** Webhooks as their owner sees them. Another's are not there, whatever the token's scope. */
import type { WebhookEvent } from "@pclab/core";
import type { Database } from "./database.js";
import type { Webhook } from "./generated/prisma/client.js";
import { newId } from "./ids.js";

/** All but what it signs with. */
export type WebhookRow = Omit<Webhook, "secret" | "previousSecret" | "events"> & {
  events: WebhookEvent[];
};

export interface WebhookKey {
  userId: string;
  id: string;
}

/** Webhooks a user may have. */
export const MAX_WEBHOOKS_PER_USER = 20;

export class WebhookLimitError extends Error {
  constructor() {
    super(`a user may have ${MAX_WEBHOOKS_PER_USER} webhooks; delete one that is not needed`);
    this.name = "WebhookLimitError";
  }
}

const withoutSecrets = { omit: { secret: true, previousSecret: true } } as const;

/** Only this code writes the events. */
const asWebhookRow = (row: Omit<Webhook, "secret" | "previousSecret">): WebhookRow =>
  row as WebhookRow;

export interface NewWebhook {
  userId: string;
  url: string;
  description: string;
  events: readonly WebhookEvent[];
  sweepId: string | null;
  tag: string | null;
}

/** @throws WebhookLimitError */
export const createWebhook = async (
  { prisma }: Database,
  { events, ...webhook }: NewWebhook,
  seal: (webhookId: string) => Uint8Array<ArrayBuffer>,
): Promise<WebhookRow> =>
  prisma.$transaction(async (transaction) => {
    const { userId } = webhook;
    // One of a user's requests at a time, so that the limit holds.
    await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${userId} FOR NO KEY UPDATE`;
    const count = await transaction.webhook.count({ where: { userId } });
    if (count >= MAX_WEBHOOKS_PER_USER) throw new WebhookLimitError();
    const id = newId("whk");
    return asWebhookRow(
      await transaction.webhook.create({
        data: { id, ...webhook, events: [...events], secret: seal(id) },
        ...withoutSecrets,
      }),
    );
  });

/** Oldest first. */
export const listWebhooks = async (
  { prisma }: Database,
  { userId, limit, after }: { userId: string; limit: number; after: string | null },
): Promise<WebhookRow[]> => {
  const rows = await prisma.webhook.findMany({
    where: { userId, ...(after === null ? {} : { id: { gt: after } }) },
    orderBy: { id: "asc" },
    take: limit,
    ...withoutSecrets,
  });
  return rows.map(asWebhookRow);
};

export const findWebhook = async (
  { prisma }: Database,
  { userId, id }: WebhookKey,
): Promise<WebhookRow | null> => {
  const row = await prisma.webhook.findFirst({ where: { userId, id }, ...withoutSecrets });
  return row === null ? null : asWebhookRow(row);
};

export type WebhookChanges = Omit<NewWebhook, "userId"> & { enabled: boolean };

/**
 * Enabling forgets what failed before. Null when the user has no such webhook; "stale" when `version` is given and is not
 * the webhook's.
 */
export const updateWebhook = async (
  { prisma }: Database,
  { userId, id }: WebhookKey,
  { events, ...changes }: Partial<WebhookChanges>,
  version: number | null,
): Promise<WebhookRow | "stale" | null> =>
  prisma.$transaction(async (transaction) => {
    const { count } = await transaction.webhook.updateMany({
      where: { userId, id, ...(version === null ? {} : { version }) },
      data: {
        ...changes,
        ...(events === undefined ? {} : { events: [...events] }),
        ...(changes.enabled === true ? { failingSince: null, disabledReason: null } : {}),
        ...(changes.enabled === false ? { disabledReason: "its owner disabled it" } : {}),
        version: { increment: 1 },
      },
    });
    const row = await transaction.webhook.findFirst({ where: { userId, id }, ...withoutSecrets });
    if (row === null) return null;
    return count === 0 ? "stale" : asWebhookRow(row);
  });

/** With its deliveries. False when the user has no such webhook. */
export const deleteWebhook = async (
  { prisma }: Database,
  { userId, id }: WebhookKey,
): Promise<boolean> => (await prisma.webhook.deleteMany({ where: { userId, id } })).count > 0;

/** The present secret goes on signing beside the new one for a while. Null when the user has no such webhook. */
export const rotateWebhookSecret = async (
  database: Database,
  { userId, id }: WebhookKey,
  { sealed, overlapSeconds }: { sealed: Uint8Array<ArrayBuffer>; overlapSeconds: number },
): Promise<WebhookRow | null> => {
  const changed = await database.prisma.$executeRaw`
    UPDATE webhooks SET previous_secret = secret, secret = ${sealed}, version = version + 1,
      previous_secret_until = now() + ${overlapSeconds}::float8 * interval '1 second'
    WHERE id = ${id} AND user_id = ${userId}`;
  return changed === 0 ? null : findWebhook(database, { userId, id });
};
