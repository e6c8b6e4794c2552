/**
 * The life of a run, as one table.
 *
 * A run is queued until a worker claims it (starting), trains (running) and ends in a terminal state. A run whose worker
 * was lost, drained or preempted is recovering: the reconciler puts it back in the queue, or fails it when its crash
 * budget is spent. A run that its search compares with others stops at a rung with a checkpoint (waiting_search), and goes
 * on from there or is pruned. A run whose results PostgreSQL has no room for waits (waiting_storage) and is tried again from
 * its last checkpoint; one that was to pause is paused there. A pause first writes a checkpoint. A cancel of live work is a request (canceling) until the work
 * has stopped. Anything that is not in the table is refused.
 */

export const RUN_STATES = [
  "queued",
  "starting",
  "running",
  "pausing",
  "paused",
  "recovering",
  "waiting_storage",
  "waiting_search",
  "canceling",
  "succeeded",
  "pruned",
  "failed",
  "canceled",
] as const;
export type RunState = (typeof RUN_STATES)[number];

export const RUN_EVENTS = [
  "claimed",
  "first_step",
  "last_step",
  "rung_reached",
  "promoted",
  "pruned",
  "fault",
  "interrupted",
  "put_back",
  "budget_spent",
  "pause",
  "checkpoint_written",
  "resume",
  "storage_full",
  "storage_room",
  "cancel",
  "stopped",
  "retry",
] as const;
/**
 * `fault`: NaN or Infinity, bad data, engine error. `interrupted`: lease lost, drain, preemption.
 * `rung_reached`: the checkpoint at a rung is written; `promoted`, `pruned`: the rung has decided.
 * `stopped`: the work of a canceling run has ended, or its lease has.
 */
export type RunEvent = (typeof RUN_EVENTS)[number];

const TABLE: Record<RunState, Partial<Record<RunEvent, RunState>>> = {
  queued: { claimed: "starting", pause: "paused", cancel: "canceled" },
  starting: {
    first_step: "running",
    fault: "failed",
    interrupted: "recovering",
    pause: "paused",
    storage_full: "waiting_storage",
    cancel: "canceling",
  },
  running: {
    last_step: "succeeded",
    rung_reached: "waiting_search",
    pruned: "pruned",
    fault: "failed",
    interrupted: "recovering",
    pause: "pausing",
    storage_full: "waiting_storage",
    cancel: "canceling",
  },
  pausing: {
    checkpoint_written: "paused",
    last_step: "succeeded",
    interrupted: "recovering",
    storage_full: "paused",
    cancel: "canceling",
  },
  paused: { resume: "queued", cancel: "canceled" },
  recovering: { put_back: "queued", budget_spent: "failed", cancel: "canceled" },
  waiting_search: { promoted: "queued", pruned: "pruned", cancel: "canceled" },
  waiting_storage: { storage_room: "queued", cancel: "canceled" },
  canceling: { stopped: "canceled" },
  succeeded: {},
  pruned: {},
  failed: { retry: "queued" },
  canceled: { retry: "queued" },
};

/** The state that `event` leads to, or null where the table has no such row. */
export const transition = (from: RunState, event: RunEvent): RunState | null =>
  TABLE[from][event] ?? null;

/** Every state from which `event` is possible: what a conditional UPDATE names in its WHERE. */
export const statesThatAllow = (event: RunEvent): RunState[] =>
  RUN_STATES.filter((state) => TABLE[state][event] !== undefined);

export const TERMINAL_STATES = ["succeeded", "pruned", "failed", "canceled"] as const;

export const isTerminal = (state: RunState): boolean =>
  (TERMINAL_STATES as readonly RunState[]).includes(state);

/** States in which a worker holds a lease and a slot. */
export const LIVE_STATES = ["starting", "running", "pausing", "canceling"] as const;

/** What the API lets a user ask for. */
export const USER_ACTIONS = ["cancel", "pause", "resume", "retry"] as const;
export type UserAction = (typeof USER_ACTIONS)[number];

export const allowedActions = (state: RunState): UserAction[] =>
  USER_ACTIONS.filter((action) => TABLE[state][action] !== undefined);

/** Why a run is where it is. */
export const RUN_REASONS = [
  "user_error",
  "diverged",
  "out_of_memory",
  "worker_lost",
  "crash_loop",
  "timeout",
  "storage_full",
  "engine_error",
  "user",
  "search",
] as const;
export type RunReason = (typeof RUN_REASONS)[number];
