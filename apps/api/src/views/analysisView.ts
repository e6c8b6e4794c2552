/** An analysis's row as the API answers it. */
import type { AnalysisBody } from "@pclab/contracts";
import type { AnalysisSettings } from "@pclab/core";
import type { AnalysisRow } from "@pclab/storage";

export const viewAnalysis = (row: AnalysisRow): AnalysisBody => ({
  id: row.id,
  run_id: row.runId,
  checkpoint_id: row.checkpointId,
  kind: row.kind,
  settings: row.settings as AnalysisSettings,
  state: row.state,
  reason: row.reason,
  reason_detail: row.reasonDetail,
  engine: row.engine,
  progress: {
    done: row.done,
    total: row.total,
    fraction: row.done / row.total,
    seconds_left: secondsLeft(row),
  },
  estimated_seconds: row.estimatedSeconds,
  result: row.result,
  created_at: row.createdAt.toISOString(),
  started_at: row.startedAt?.toISOString() ?? null,
  finished_at: row.finishedAt?.toISOString() ?? null,
  poll_after_ms: row.finishedAt === null ? 1000 : null,
});

/** An analysis without parts of its own has the forecast alone. */
const secondsLeft = ({ state, startedAt, done, total, estimatedSeconds }: AnalysisRow) => {
  if (state !== "running" || startedAt === null) return null;
  const elapsed = (Date.now() - startedAt.getTime()) / 1000;
  return done === 0 ? Math.max(0, estimatedSeconds - elapsed) : (elapsed / done) * (total - done);
};
