/** Wakes a loop that waits; rung while nobody waits, it wakes the next wait at once. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Bell {
  ring(): void;
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export const createBell = (): Bell => {
  let isRung = false;
  let waiting: AbortController | null = null;
  return {
    ring: () => {
      isRung = true;
      waiting?.abort();
    },
    wait: async (timeoutMs, signal) => {
      waiting = new AbortController();
      if (!isRung) {
        await sleep(timeoutMs, undefined, {
          signal: AbortSignal.any([waiting.signal, signal]),
        }).catch(() => undefined);
      }
      isRung = false;
      waiting = null;
    },
  };
};
