import type { SweepBody } from "@pclab/contracts";
import { isTerminalSweep, sweepStateOf } from "@pclab/core";
import type { SweepRow } from "@pclab/storage";

export const viewSweep = ({
  id,
  name,
  createdAt,
  cancelRequestedAt,
  counts,
  analyses,
}: SweepRow): SweepBody => {
  const state = sweepStateOf(counts, cancelRequestedAt !== null);
  return {
    id,
    name,
    state,
    run_count: Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts,
    analyses,
    created_at: createdAt.toISOString(),
    cancel_requested_at: cancelRequestedAt?.toISOString() ?? null,
    poll_after_ms: isTerminalSweep(state) && analyses.queued + analyses.running === 0 ? null : 1000,
  };
};
