/** Waiting for PostgreSQL: a statement that failed because the server is away is tried again until it is back. */
import { setTimeout as delay } from "node:timers/promises";
import { isDatabaseAway } from "@pclab/storage";
import type { Logger } from "pino";

const RETRY_MS = 500;

/** The wait was given up; nothing is known of the statement. */
export class AbandonedError extends Error {
  override name = "AbandonedError";
}

/** @throws AbandonedError once `signal` is aborted; whatever `work` throws that is no outage */
export const whenDatabaseAnswers = async <T>(
  work: () => Promise<T>,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<T> => {
  let wasAway = false;
  for (;;) {
    if (signal.aborted) throw new AbandonedError("PostgreSQL did not come back in time");
    try {
      const result = await work();
      if (wasAway) logger.info("PostgreSQL is back");
      return result;
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      if (!wasAway) logger.warn({ error: messageOf(error) }, "PostgreSQL is away; waiting for it");
      wasAway = true;
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** The message alone, on one line, is logged: a driver's error may carry its connection's settings. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, " ");
