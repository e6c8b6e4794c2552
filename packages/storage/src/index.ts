/** What outlives a process: PostgreSQL, one file per noun, and the data sets' files. */
export * from "./analyses.js";
export * from "./analysisLeases.js";
export * from "./cancellation.js";
export * from "./checkpoints.js";
export * from "./claims.js";
export * from "./database.js";
export * from "./datasets/index.js";
export * from "./dispatch.js";
export * from "./dispatcherLock.js";
export * from "./idempotency.js";
export * from "./ids.js";
export {
  type Ending,
  type Fence,
  StaleEpochError,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordMetrics,
} from "./liveRuns.js";
export { lastMetrics, listMetrics } from "./metrics.js";
export * from "./migrate/migrate.js";
export * from "./migrate/migrationError.js";
export { StateConflictError } from "./moveRun.js";
export * from "./recovery.js";
export * from "./results.js";
export * from "./runs.js";
export * from "./sweeps.js";
export * from "./tokens.js";
export * from "./workers.js";
