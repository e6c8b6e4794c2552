/** Says once that something is away, and once that it is back. */
import type { Logger } from "pino";

export interface OutageLog {
  hit(error: unknown): void;
  over(): void;
}

export const createOutageLog = (logger: Logger, away: string, back: string): OutageLog => {
  let isAway = false;
  return {
    hit: (error) => {
      if (!isAway) {
        // The message alone, on one line: a driver's error may carry its connection's settings.
        const message = error instanceof Error ? error.message : String(error);
        logger.warn({ error: message.trim().replace(/\s+/g, " ") }, away);
      }
      isAway = true;
    },
    over: () => {
      if (isAway) logger.info(back);
      isAway = false;
    },
  };
};
