/** A run's row as the API answers it. */
import type { RunBody } from "@pclab/contracts";
import {
  type MetricName,
  type SpecWire,
  allowedActions,
  isTerminal,
  numericsChangesIn,
} from "@pclab/core";
import { type Database, type RunRow, lastMetrics, queuePositions } from "@pclab/storage";

/** What a run shows without being asked for its metrics. */
const SHOWN_METRICS: readonly MetricName[] = [
  "train_loss",
  "train_accuracy",
  "validation_loss",
  "validation_accuracy",
  "test_loss",
  "test_accuracy",
  "train_seconds",
];

export const viewRuns = async (database: Database, runs: readonly RunRow[]): Promise<RunBody[]> => {
  const queued = runs.filter(({ state }) => state === "queued").map(({ id }) => id);
  const [positions, metrics] = await Promise.all([
    queuePositions(database, queued),
    lastMetrics(
      database,
      runs.map(({ id }) => id),
      SHOWN_METRICS,
    ),
  ]);
  return runs.map((run) => viewRun(run, positions.get(run.id) ?? null, metrics.get(run.id) ?? {}));
};

const viewRun = (
  run: RunRow,
  position: number | null,
  metrics: Partial<Record<MetricName, number>>,
): RunBody => ({
  id: run.id,
  sweep_id: run.sweepId,
  index: run.indexInSweep,
  name: run.name,
  state: run.state,
  reason: run.reason,
  reason_detail: run.reasonDetail,
  allowed_actions: allowedActions(run.state),
  attempt: run.attempt,
  engine: run.engine,
  numerics_changed: numericsChangesIn(run.manifest),
  spec: run.spec as SpecWire,
  progress: {
    epoch: run.progressEpoch,
    weight_updates: run.weightUpdates,
    total_weight_updates: run.totalWeightUpdates,
    fraction:
      run.totalWeightUpdates === 0 ? 0 : Math.min(1, run.weightUpdates / run.totalWeightUpdates),
    seconds_left: run.secondsLeft,
  },
  queue:
    position === null
      ? null
      : { position, eta: null, eta_reason: "start times are not forecast in this version" },
  metrics,
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  finished_at: run.finishedAt?.toISOString() ?? null,
  poll_after_ms: isTerminal(run.state) ? null : 1000,
});
