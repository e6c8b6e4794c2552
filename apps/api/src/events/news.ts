/** Tells the streams of this process which runs have news: one look at the database for all of them. */
import { setTimeout as delay } from "node:timers/promises";
import { type Database, runsWithNews } from "@pclab/storage";
import type { FastifyBaseLogger } from "fastify";

/** Between two looks, while anybody listens. */
const LOOK_EVERY_MS = 100;

export interface News {
  /** Resolves when the run or sweep has news, or after `timeoutMs`, or with the signal. */
  wait(id: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  stop(): void;
}

export const startNews = (database: Database, logger: FastifyBaseLogger): News => {
  const waiting = new Map<string, Set<() => void>>();
  const stopping = new AbortController();
  let isLooking = false;

  const tell = (id: string): void => {
    for (const wake of waiting.get(id) ?? []) wake();
  };

  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    let since: string | null = null;
    while (waiting.size > 0 && !stopping.signal.aborted) {
      try {
        const { upTo, news } = await runsWithNews(database, since);
        since = upTo;
        for (const { runId, sweepId } of news) {
          tell(runId);
          tell(sweepId);
        }
      } catch (error) {
        // Streams look by themselves when their time is up: news is a shortcut, not the truth.
        logger.warn({ err: error }, "no news of runs");
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    isLooking = false;
  };

  return {
    wait: (id, { timeoutMs, signal }) =>
      new Promise((resolve) => {
        const ofId = waiting.get(id) ?? new Set();
        const wake = (): void => {
          clearTimeout(timeout);
          signal.removeEventListener("abort", wake);
          ofId.delete(wake);
          if (ofId.size === 0) waiting.delete(id);
          resolve();
        };
        const timeout = setTimeout(wake, timeoutMs);
        signal.addEventListener("abort", wake, { once: true });
        ofId.add(wake);
        waiting.set(id, ofId);
        if (signal.aborted) wake();
        else void look();
      }),
    stop: () => stopping.abort(),
  };
};
