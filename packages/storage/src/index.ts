/** What outlives a process: PostgreSQL, one file per noun, and the data sets' files. */
export * from "./analyses.js";
export * from "./analysisLeases.js";
export * from "./audit.js";
export * from "./checkpoints.js";
export * from "./claims.js";
export * from "./database.js";
export * from "./datasets/index.js";
export * from "./dispatch.js";
export * from "./dispatcherLock.js";
export { DuplicateRunsError } from "./duplicates.js";
export * from "./idempotency.js";
export * from "./ids.js";
export * from "./line.js";
export {
  type Ending,
  type Fence,
  type LogLine,
  StaleEpochError,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordLog,
  recordMetrics,
} from "./liveRuns.js";
export { SHOWN_METRICS, type ShownMetric, listMetrics, listMetricsOfRuns } from "./metrics.js";
export * from "./migrate/migrate.js";
export * from "./migrate/migrationError.js";
export { StateConflictError } from "./moveRun.js";
export { MAX_QUEUED_RUNS_PER_USER, type NewRuns, QueuedRunsQuotaError } from "./newRuns.js";
export type { Reach, Viewer } from "./reach.js";
export * from "./recovery.js";
export * from "./results.js";
export * from "./rungs.js";
export * from "./runActions.js";
export {
  RUN_EVENT_TYPES,
  type RunEventRow,
  type RunEventType,
  SWEEP_START,
  type SweepCursor,
  hasSweepEventsAfter,
  listRunEvents,
  listSweepEvents,
  runsWithNews,
} from "./runEvents.js";
export { RUN_SORT_KEYS, type RunCursor, type RunSort, cursorOf } from "./runSort.js";
export * from "./runs.js";
export * from "./searches.js";
export * from "./sweepActions.js";
export * from "./sweepChanges.js";
export * from "./sweeps.js";
export * from "./tokens.js";
export * from "./usage.js";
export * from "./users.js";
export * from "./webhookDeliveries.js";
export * from "./webhooks.js";
export * from "./workers.js";
