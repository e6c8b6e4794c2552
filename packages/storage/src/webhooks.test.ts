/** Webhooks that are deleted while something is told to them, or noted of their deliveries. */
import { WEBHOOK_EVENTS, type WebhookEvent, parseAnalysis } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf } from "../../../tests/storage.js";
import { storeAnalysis } from "./analyses.js";
import type { Database, Transaction } from "./database.js";
import { recordEnd } from "./liveRuns.js";
import { CRASH_BUDGET, recoverLostRuns } from "./recovery.js";
import { actOnSweep } from "./sweepActions.js";
import {
  type ClaimedDelivery,
  claimDeliveries,
  pingWebhook,
  purgeDeliveries,
  recordDelivered,
  recordFailure,
} from "./webhookDeliveries.js";
import { createWebhook } from "./webhooks.js";

let storage: TestStorage;
let database: Database;
beforeEach(async () => {
  storage = await TestStorage.open();
  database = storage.database;
});
afterEach(() => storage.close());

const hook = async (events: readonly WebhookEvent[] = WEBHOOK_EVENTS): Promise<string> => {
  const webhook = {
    userId: storage.userId,
    url: "https://example.org/hook",
    description: "",
    events,
    sweepId: null,
    tag: null,
  };
  return (await createWebhook(database, webhook, () => new Uint8Array(1))).id;
};

/** Messages by webhook. */
const told = async (): Promise<Record<string, string[]>> => {
  const rows = await database.prisma.webhookDelivery.findMany({ orderBy: { id: "asc" } });
  const types: Record<string, string[]> = {};
  for (const { webhookId, type } of rows) (types[webhookId] ??= []).push(type);
  return types;
};

const untilSomebodyWaits = async (): Promise<void> => {
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const waiting = await database.prisma.$queryRaw<unknown[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    if (waiting.length > 0) return;
    if (performance.now() > deadlineMs) throw new Error("nobody came to wait for a lock");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** Does `first`, starts `other`, does `rest` once `other` waits for a lock, and commits. */
const inTheWayOf = async <Answer>(
  other: () => Promise<Answer>,
  first: (transaction: Transaction) => Promise<unknown>,
  rest: (transaction: Transaction) => Promise<unknown> = async () => undefined,
): Promise<Answer> => {
  let answer: Promise<[Answer] | Error> | undefined;
  await database.prisma.$transaction(
    async (transaction) => {
      await first(transaction);
      answer = other().then(
        (value): [Answer] => [value],
        (error: unknown) => error as Error,
      );
      await untilSomebodyWaits();
      await rest(transaction);
    },
    { timeout: 120_000 },
  );
  const outcome = await answer;
  if (!Array.isArray(outcome)) throw outcome;
  return outcome[0];
};

const deletion = (id: string) => (transaction: Transaction) =>
  transaction.webhook.delete({ where: { id } });

describe("a webhook's deletion under way", () => {
  test("fails no run that ends: the webhook is told nothing, the others are", async () => {
    const run = await storage.running();
    const [gone, kept] = [await hook(), await hook()];
    await inTheWayOf(
      () => recordEnd(database, fenceOf(run), { event: "last_step" }, null),
      deletion(gone),
    );
    expect((await storage.run(run.id)).state).toBe("succeeded");
    expect(await told()).toEqual({ [kept]: ["run.succeeded", "sweep.completed"] });
  });

  test("fails no cancelling of a sweep with its analyses", async () => {
    const { sweep, runIds } = await storage.submit([anySpec(), anySpec()]);
    const settings = parseAnalysis({ kind: "weights" });
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    await storeAnalysis(database, {
      userId: storage.userId,
      runId: runIds[0],
      checkpointId: null,
      settings: settings.value,
      estimatedSeconds: 1,
    });
    const gone = await hook(["analysis.canceled", "sweep.canceled"]);
    const answer = await inTheWayOf(
      () => actOnSweep(database, { userId: storage.userId, id: sweep.id }, "cancel"),
      deletion(gone),
    );
    expect(answer).toEqual({ changed: true });
    expect(await told()).toEqual({});
  });

  test("fails no recovery of lost runs", async () => {
    const run = await storage.running();
    const gone = await hook();
    await database.prisma.run.update({
      where: { id: run.id },
      data: { crashes: CRASH_BUDGET - 1 },
    });
    await storage.endLeases();
    await inTheWayOf(() => recoverLostRuns(database), deletion(gone));
    expect((await storage.run(run.id)).state).toBe("failed");
  });

  test("lets a ping find no webhook", async () => {
    const id = await hook();
    const { userId } = storage;
    expect(await inTheWayOf(() => pingWebhook(database, { userId, id }), deletion(id))).toBeNull();
  });
});

describe("a delivery whose webhook is being deleted", () => {
  const claimed = async (): Promise<ClaimedDelivery> => {
    const id = await hook();
    await pingWebhook(database, { userId: storage.userId, id });
    const [delivery] = await claimDeliveries(database, {
      limit: 1,
      perWebhook: 1,
      busy: [],
      claimMs: 60_000,
    });
    return delivery;
  };
  /** As a deletion does: the webhook first, its deliveries when somebody waits. */
  const locked = (id: string) => (transaction: Transaction) =>
    transaction.$executeRaw`SELECT 1 FROM webhooks WHERE id = ${id} FOR UPDATE`;

  test("is not noted as delivered, without a deadlock", async () => {
    const delivery = await claimed();
    const noted = await inTheWayOf(
      () => recordDelivered(database, delivery, 200),
      locked(delivery.webhookId),
      deletion(delivery.webhookId),
    );
    expect(noted).toBe(false);
  });

  test("is not noted as failed, without a deadlock", async () => {
    const delivery = await claimed();
    const failure = { responseStatus: 500, error: "it answered 500", retryMs: 1_000 };
    const disabled = await inTheWayOf(
      () => recordFailure(database, delivery, failure, 0),
      locked(delivery.webhookId),
      deletion(delivery.webhookId),
    );
    expect(disabled).toBeNull();
  });

  test("is not waited for by the purge of old deliveries, which takes the others", async () => {
    const { id, webhookId } = await claimed();
    const other = await pingWebhook(database, { userId: storage.userId, id: webhookId });
    await database.prisma.$executeRaw`
      UPDATE webhook_deliveries SET created_at = now() - interval '1 hour'`;
    await database.prisma.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`
          SELECT 1 FROM webhook_deliveries WHERE id = ${other?.id} FOR UPDATE`;
        expect(await purgeDeliveries(database, 60_000)).toBe(1);
      },
      { timeout: 120_000 },
    );
    expect(await database.prisma.webhookDelivery.findUnique({ where: { id } })).toBeNull();
    expect(await purgeDeliveries(database, 60_000)).toBe(1);
  });
});
