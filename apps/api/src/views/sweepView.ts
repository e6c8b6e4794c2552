import type { SweepBody } from "@pclab/contracts";
import { isTerminalSweep, sweepStateOf } from "@pclab/core";
import type { SweepRow } from "@pclab/storage";

export const viewSweep = ({
  id,
  name,
  createdAt,
  cancelRequestedAt,
  counts,
}: SweepRow): SweepBody => {
  const state = sweepStateOf(counts, cancelRequestedAt !== null);
  return {
    id,
    name,
    state,
    run_count: Object.values(counts).reduce((sum, count) => sum + count, 0),
    counts,
    created_at: createdAt.toISOString(),
    cancel_requested_at: cancelRequestedAt?.toISOString() ?? null,
    poll_after_ms: isTerminalSweep(state) ? null : 1000,
  };
};
