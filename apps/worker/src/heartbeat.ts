/** One statement a beat renews the leases of all runs of the worker, and brings back who was cancelled or taken away. */
import { setTimeout as delay } from "node:timers/promises";
import type { Progress, RunState } from "@pclab/core";
import { type Database, type Fence, beatWorker, renewLeases } from "@pclab/storage";
import type { Logger } from "pino";
import { messageOf } from "./outage.js";

/** A run with a lease. */
export interface Leased {
  readonly fence: Fence;
  readonly progress: Progress | null;
  /** The run's state after a beat; null when its epoch is another's by now. */
  onBeat(state: RunState | null): void;
}

export interface HeartbeatOptions {
  database: Database;
  workerId: string;
  leaseMs: number;
  heartbeatMs: number;
  isDraining: () => boolean;
  logger: Logger;
}

export interface Heartbeat {
  add(run: Leased): void;
  remove(run: Leased): void;
  stop(): Promise<void>;
}

export const startHeartbeat = ({
  database,
  workerId,
  leaseMs,
  heartbeatMs,
  isDraining,
  logger,
}: HeartbeatOptions): Heartbeat => {
  const stopping = new AbortController();
  const runs = new Set<Leased>();
  let wasAway = false;

  const beat = async (): Promise<void> => {
    const beating = [...runs];
    const pulses = beating.map(({ fence, progress }) => ({ ...fence, progress }));
    const renewed = await renewLeases(database, pulses, leaseMs);
    for (const run of beating) {
      // Taken away and claimed again, a run may beat here under two epochs.
      const { runId, epoch } = run.fence;
      const lease = renewed.find((other) => other.runId === runId && other.epoch === epoch);
      if (runs.has(run)) run.onBeat(lease?.state ?? null);
    }
    await beatWorker(database, workerId, { draining: isDraining() });
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startMs = performance.now();
      try {
        await beat();
        if (wasAway) logger.info("heartbeats go on");
        wasAway = false;
      } catch (error) {
        // Training goes on meanwhile: what it gives is refused later, should the lease have gone to another.
        if (!wasAway) logger.warn({ error: messageOf(error) }, "a heartbeat failed; trying again");
        wasAway = true;
      }
      const restMs = Math.max(0, heartbeatMs - (performance.now() - startMs));
      await delay(restMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = loop();

  return {
    add: (run) => runs.add(run),
    remove: (run) => runs.delete(run),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
