/** One statement a beat renews the leases of all runs of the worker, and brings back who was cancelled or taken away. */
import { setTimeout as delay } from "node:timers/promises";
import type { Progress, RunState } from "@pclab/core";
import {
  type AnalysisFence,
  type Database,
  type Fence,
  beatWorker,
  renewAnalysisLeases,
  renewLeases,
} from "@pclab/storage";
import type { Logger } from "pino";
import { messageOf } from "./outage.js";

/** A run with a lease. */
export interface Leased {
  readonly fence: Fence;
  readonly progress: Progress | null;
  /** The run's state after a beat; null when its epoch is another's by now. `isPreempted`: its slots are wanted. */
  onBeat(state: RunState | null, isPreempted: boolean): void;
}

/** An analysis with a lease. */
export interface LeasedAnalysis {
  readonly analysisFence: AnalysisFence;
  onBeat(lease: "held" | "canceling" | "lost"): void;
}

export interface HeartbeatOptions {
  database: Database;
  workerId: string;
  leaseMs: number;
  heartbeatMs: number;
  isDraining: () => boolean;
  /** Told at every beat: whether an operator wants the worker to take nothing further. */
  onDrainRequest: (wanted: boolean) => void;
  logger: Logger;
}

export interface Heartbeat {
  add(work: Leased | LeasedAnalysis): void;
  remove(work: Leased | LeasedAnalysis): void;
  stop(): Promise<void>;
}

export const startHeartbeat = ({
  database,
  workerId,
  leaseMs,
  heartbeatMs,
  isDraining,
  onDrainRequest,
  logger,
}: HeartbeatOptions): Heartbeat => {
  const stopping = new AbortController();
  const runs = new Set<Leased>();
  const analyses = new Set<LeasedAnalysis>();
  let wasAway = false;

  const beat = async (): Promise<void> => {
    await beatRuns();
    await beatAnalyses();
    const { drainRequested } = await beatWorker(database, workerId, { draining: isDraining() });
    onDrainRequest(drainRequested);
  };

  const beatRuns = async (): Promise<void> => {
    const beating = [...runs];
    const pulses = beating.map(({ fence, progress }) => ({ ...fence, progress }));
    const renewed = await renewLeases(database, pulses, leaseMs);
    for (const run of beating) {
      // Taken away and claimed again, a run may beat here under two epochs.
      const { runId, epoch } = run.fence;
      const lease = renewed.find((other) => other.runId === runId && other.epoch === epoch);
      if (runs.has(run)) run.onBeat(lease?.state ?? null, lease?.isPreempted ?? false);
    }
  };

  const beatAnalyses = async (): Promise<void> => {
    const beating = [...analyses];
    const fences = beating.map(({ analysisFence }) => analysisFence);
    const renewed = await renewAnalysisLeases(database, fences, leaseMs);
    for (const analysis of beating) {
      const { analysisId, epoch } = analysis.analysisFence;
      const lease = renewed.find(
        (other) => other.analysisId === analysisId && other.epoch === epoch,
      );
      if (!analyses.has(analysis)) continue;
      analysis.onBeat(lease === undefined ? "lost" : lease.isCanceling ? "canceling" : "held");
    }
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
    add: (work) => {
      if ("fence" in work) runs.add(work);
      else analyses.add(work);
    },
    remove: (work) => {
      if ("fence" in work) runs.delete(work);
      else analyses.delete(work);
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
