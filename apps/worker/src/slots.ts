/** The worker's slots: first come, first served, so that a run that wants them all is not overtaken for ever. */

export interface Slots {
  readonly total: number;
  readonly free: number;
  /** Resolves with the function that gives the slots back, or with null when `signal` was aborted first. */
  acquire(count: number, signal: AbortSignal): Promise<(() => void) | null>;
}

interface Waiter {
  count: number;
  admit: () => void;
}

export const createSlots = (total: number): Slots => {
  let free = total;
  const waiters: Waiter[] = [];

  const admitNext = (): void => {
    for (let first = waiters[0]; first !== undefined && first.count <= free; first = waiters[0]) {
      waiters.shift();
      free -= first.count;
      first.admit();
    }
  };

  const releaseOnce = (count: number): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      free += count;
      admitNext();
    };
  };

  return {
    total,
    get free() {
      return free;
    },
    acquire: (count, signal) => {
      if (count < 1 || count > total) throw new Error(`${count} of ${total} slots cannot be had`);
      return new Promise((resolve) => {
        if (signal.aborted) {
          resolve(null);
          return;
        }
        const leave = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1);
          resolve(null);
          // The one behind may fit where this one did not.
          admitNext();
        };
        const waiter: Waiter = {
          count,
          admit: () => {
            signal.removeEventListener("abort", leave);
            resolve(releaseOnce(count));
          },
        };
        signal.addEventListener("abort", leave, { once: true });
        waiters.push(waiter);
        admitNext();
      });
    },
  };
};
