/**
 * Sends webhook messages that are due, in this process beside the others that serve the API: rows are claimed, so each
 * message is tried by one of them at a time. Sent at least once: a process that dies between the receiver's answer and its
 * own note of it leaves a message that is sent again, with the same webhook-id.
 */
import {
  type ClaimedDelivery,
  type Database,
  claimDeliveries,
  purgeDeliveries,
  recordDelivered,
  recordFailure,
} from "@pclab/storage";
import type { Logger } from "pino";
import { createOutageLog } from "../dispatch/outageLog.js";
import { type Answer, post } from "./post.js";
import { RETRIES, type RetrySchedule, retryMs } from "./retries.js";
import type { WebhookSettings } from "./settings.js";
import { signatureHeaders } from "./signature.js";

export interface WebhookSenderOptions extends WebhookSettings {
  database: Database;
  version: string;
  logger: Logger;
  pollMs?: number;
  /** For one try. */
  timeoutMs?: number;
  retries?: RetrySchedule;
  /** A webhook to which nothing could be delivered for so long is disabled. */
  disableAfterMs?: number;
}

export interface WebhookSender {
  /** Ends the loop once the tries under way are answered or out of time. */
  stop(): Promise<void>;
}

/** Tries under way at a time, in all and of one webhook: a receiver that does not answer keeps nobody else waiting. */
const MAX_IN_FLIGHT = 32;
const MAX_OF_ONE_WEBHOOK = 4;

/** A try that has not been noted after so long beyond its own time is another's to make. */
const CLAIM_GRACE_MS = 60_000;

const DAY_MS = 86_400_000;
/** Messages are kept for so long, delivered or not. */
const KEEP_MS = 30 * DAY_MS;
const PURGE_EVERY_MS = 3_600_000;

export const startWebhookSender = ({
  database,
  secrets,
  networks,
  version,
  logger,
  pollMs = 1_000,
  timeoutMs = 10_000,
  retries = RETRIES,
  disableAfterMs = 5 * DAY_MS,
}: WebhookSenderOptions): WebhookSender => {
  const stopping = new AbortController();
  /** Ends the pause between two rounds. */
  let wake = (): void => undefined;
  const outage = createOutageLog(
    logger,
    "webhook messages cannot be read or noted; trying again",
    "webhook messages are sent again",
  );
  const inFlight = new Map<Promise<void>, string>();
  let purgeAtMs = 0;

  const attempt = async (delivery: ClaimedDelivery): Promise<Answer> => {
    const { id, webhookId, body, secret, previousSecret } = delivery;
    const keys = [secret, ...(previousSecret === null ? [] : [previousSecret])];
    const headers = signatureHeaders(
      { id, timestampSeconds: Math.floor(Date.now() / 1000), body },
      keys.map((sealed) => secrets.open(sealed, webhookId)),
    );
    return post({
      url: delivery.url,
      headers: {
        ...headers,
        "content-type": "application/json",
        "user-agent": `pclab/${version}`,
      },
      body,
      networks,
      timeoutMs,
    });
  };

  const deliver = async (delivery: ClaimedDelivery): Promise<void> => {
    // The URL stays out of the log: with some services it is a secret itself.
    const log = logger.child({ delivery: delivery.id, webhook: delivery.webhookId });
    const outcome = await attempt(delivery).catch((error: unknown) => error as Error);
    const answer = outcome instanceof Error ? null : outcome;
    if (answer !== null && answer.status >= 200 && answer.status < 300) {
      await recordDelivered(database, delivery, answer.status);
      log.debug({ status: answer.status }, "a webhook message was delivered");
      return;
    }
    const error = outcome instanceof Error ? outcome.message : failedStatus(outcome.status);
    const failures = delivery.failures + 1;
    const disabled = await recordFailure(
      database,
      delivery,
      {
        responseStatus: answer?.status ?? null,
        error: error.slice(0, 500),
        retryMs: retryMs(retries, {
          failures,
          askedMs: 1000 * (answer?.retryAfterSeconds ?? 0),
          random: Math.random(),
        }),
      },
      disableAfterMs,
    );
    log.info({ error, failures }, "a webhook message could not be delivered");
    if (disabled !== null) log.warn({ reason: disabled }, "a webhook was disabled");
  };

  const round = async (): Promise<void> => {
    const nowMs = performance.now();
    if (nowMs >= purgeAtMs) {
      await purgeDeliveries(database, KEEP_MS);
      purgeAtMs = nowMs + PURGE_EVERY_MS;
    }
    const limit = MAX_IN_FLIGHT - inFlight.size;
    if (limit <= 0) return;
    const claimed = await claimDeliveries(database, {
      limit,
      perWebhook: MAX_OF_ONE_WEBHOOK,
      // One whose tries of the round before are still under way has its turn when they are done.
      busy: [...new Set(inFlight.values())],
      claimMs: timeoutMs + CLAIM_GRACE_MS,
    });
    for (const delivery of claimed) {
      const sending: Promise<void> = deliver(delivery)
        .catch((error: unknown) => outage.hit(error))
        .finally(() => {
          inFlight.delete(sending);
          wake();
        });
      inFlight.set(sending, delivery.webhookId);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await round();
        outage.over();
      } catch (error) {
        // Whatever it was, the next round may succeed, and nothing else in this process sends.
        outage.hit(error);
      }
      // What stops or wakes the loop while it works finds no pause to end.
      if (stopping.signal.aborted) break;
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, pollMs);
        wake = () => {
          clearTimeout(timeout);
          resolve();
        };
      });
    }
    await Promise.all(inFlight.keys());
  };
  const running = loop();

  return {
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
};

const failedStatus = (status: number): string =>
  status >= 300 && status < 400
    ? `it answered ${status}; redirects are not followed`
    : `it answered ${status}, a 2xx is expected`;
