/** Waiting for PostgreSQL: a statement that failed because the server is away, or has no room, is tried again. */
import { setTimeout as delay } from "node:timers/promises";
import { isDatabaseAway, isStorageFull } from "@pclab/storage";
import type { Logger } from "pino";

const RETRY_MS = 500;

/** The wait was given up; nothing is known of the statement. */
export class AbandonedError extends Error {
  override name = "AbandonedError";
}

export interface WaitOptions {
  signal: AbortSignal;
  logger: Logger;
  /** A disk without room is waited for too; otherwise it is an error like others. */
  waitsForRoom?: boolean;
}

/** @throws AbandonedError once `signal` is aborted; whatever `work` throws that is no outage */
export const whenDatabaseAnswers = async <T>(
  work: () => Promise<T>,
  { signal, logger, waitsForRoom = false }: WaitOptions,
): Promise<T> => {
  let wasAway = false;
  for (;;) {
    if (signal.aborted) throw new AbandonedError("PostgreSQL did not come back in time");
    try {
      const result = await work();
      if (wasAway) logger.info("PostgreSQL is back");
      return result;
    } catch (error) {
      const hasNoRoom = waitsForRoom && isStorageFull(error);
      if (!hasNoRoom && !isDatabaseAway(error)) throw error;
      const what = hasNoRoom ? "PostgreSQL has no room" : "PostgreSQL is away";
      if (!wasAway) logger.warn({ error: messageOf(error) }, `${what}; waiting for it`);
      wasAway = true;
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** The message alone, on one line, is logged: a driver's error may carry its connection's settings. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, " ");
