/** The epoch fence, one place at a time; and what a resumed attempt must not inherit. */
import type { Fault } from "../fault.js";

const STORAGE = "packages/storage/src";

export const FENCE_FAULTS: readonly Fault[] = [
  {
    name: "the epoch fence removed from a run's writes",
    file: `${STORAGE}/liveRuns.ts`,
    find: "WHERE id = ${runId} AND epoch = ${epoch} AND state",
    replace: "WHERE id = ${runId} AND state",
    tests: [`${STORAGE}/liveRuns.test.ts`],
  },
  {
    name: "the epoch fence removed from giving up",
    file: `${STORAGE}/recovery.ts`,
    find: "WHERE id = ${runId} AND epoch = ${epoch}::int AND state",
    replace: "WHERE id = ${runId} AND state",
    tests: [`${STORAGE}/liveRuns.test.ts`],
  },
  {
    name: "the epoch fence removed from the heartbeat",
    file: `${STORAGE}/claims.ts`,
    find: "AND runs.epoch = pulse.epoch AND runs.state",
    replace: "AND runs.state",
    tests: [`${STORAGE}/claims.test.ts`],
  },
  {
    name: "the epoch not raised by a claim",
    file: `${STORAGE}/claims.ts`,
    find: "epoch = epoch + 1, attempt",
    replace: "epoch = epoch, attempt",
    tests: [`${STORAGE}/claims.test.ts`, `${STORAGE}/liveRuns.test.ts`],
  },
  {
    name: "the epoch not raised when a run is taken away",
    file: `${STORAGE}/moveRun.ts`,
    find: "epoch = epoch + ${keepsLease ? 0 : 1}::int",
    replace: "epoch = epoch + ${keepsLease ? 0 : 0}::int",
    tests: [`${STORAGE}/liveRuns.test.ts`, `${STORAGE}/dispatch.test.ts`],
  },
  {
    name: "metric rows past the checkpoint kept on resume",
    file: `${STORAGE}/claims.ts`,
    find: "checkpoint?.weightUpdate ?? -1);",
    replace: "2 ** 30);",
    tests: [`${STORAGE}/claims.test.ts`],
  },
  {
    name: "a drain counted as a crash",
    file: `${STORAGE}/recovery.ts`,
    find: 'if (interruption === "handed_back") return',
    replace: 'if (interruption === "crashed" && crashes < 0) return',
    tests: [`${STORAGE}/recovery.test.ts`],
  },
  {
    name: "the epoch fence removed from an analysis's writes",
    file: `${STORAGE}/analysisLeases.ts`,
    find: "WHERE id = ${fence.analysisId} AND epoch = ${fence.epoch}::int AND state",
    replace: "WHERE id = ${fence.analysisId} AND state",
    tests: [`${STORAGE}/analyses.test.ts`],
  },
  {
    name: "the epoch fence removed from an analysis's heartbeat",
    file: `${STORAGE}/analysisLeases.ts`,
    find: "AND analyses.epoch = held.epoch AND analyses.state",
    replace: "AND analyses.state",
    tests: [`${STORAGE}/analyses.test.ts`],
  },
];
