import type { SweepBody } from "@pclab/contracts";
import {
  type RunState,
  USER_ACTIONS,
  type UserAction,
  isTerminalSweep,
  sweepStateOf,
  transition,
} from "@pclab/core";
import type { SweepRow } from "@pclab/storage";

export const viewSweep = (sweep: SweepRow): SweepBody => {
  const { counts, analyses, cancelRequestedAt, deletedAt, plannedRuns } = sweep;
  const isPaused = sweep.pausedAt !== null;
  const makesRuns = plannedRuns !== null;
  const state = sweepStateOf(counts, cancelRequestedAt !== null, { makesRuns, isPaused });
  const runCount = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    id: sweep.id,
    name: sweep.name,
    user_id: sweep.userId,
    shared: sweep.shared,
    tags: sweep.tags,
    notes: sweep.notes,
    priority_class: sweep.priorityClass,
    priority: sweep.priority,
    state,
    run_count: runCount,
    planned_run_count: Math.max(runCount, plannedRuns ?? 0),
    counts,
    analyses,
    created_at: sweep.createdAt.toISOString(),
    cancel_requested_at: cancelRequestedAt?.toISOString() ?? null,
    allowed_actions: USER_ACTIONS.filter(
      (action) => allows(counts, action) || searchAllows(sweep, action),
    ),
    deleted_at: deletedAt?.toISOString() ?? null,
    poll_after_ms: isTerminalSweep(state) && analyses.queued + analyses.running === 0 ? null : 1000,
  };
};

/** Whether its search would stop, go on, or end. */
const searchAllows = ({ counts, plannedRuns, pausedAt }: SweepRow, action: UserAction): boolean => {
  const goesOn = plannedRuns !== null || counts.waiting_search > 0;
  if (action === "cancel") return plannedRuns !== null;
  if (action === "pause") return goesOn && pausedAt === null;
  return action === "resume" && goesOn && pausedAt !== null;
};

/** Whether some run of the sweep would move; of a sweep, those are tried again that failed. */
const allows = (counts: SweepRow["counts"], action: UserAction): boolean =>
  action === "retry"
    ? counts.failed > 0
    : Object.entries(counts).some(
        ([state, count]) => count > 0 && transition(state as RunState, action) !== null,
      );
