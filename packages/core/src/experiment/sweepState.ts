/** A sweep's state is computed from its runs and from what its user asked for; it is never stored. */
import { RUN_STATES, type RunState, isTerminal } from "./runState.js";

export const SWEEP_STATES = [
  "active",
  "paused",
  "canceling",
  "completed",
  "failed",
  "canceled",
] as const;
export type SweepState = (typeof SWEEP_STATES)[number];

export type RunCounts = Record<RunState, number>;

export const countRuns = (states: Iterable<{ state: RunState; count: number }>): RunCounts => {
  const counts = Object.fromEntries(RUN_STATES.map((state) => [state, 0])) as RunCounts;
  for (const { state, count } of states) counts[state] += count;
  return counts;
};

/** What a sweep's search still does of itself. */
export interface SearchStatus {
  /** It has further runs to make once those that there are have ended. */
  makesRuns: boolean;
  /** Its user paused the sweep: no run is made and no rung decides. */
  isPaused: boolean;
}

const NO_SEARCH: SearchStatus = { makesRuns: false, isPaused: false };

/** `canceled` only when a user asked for the sweep's end: a sweep whose runs were cancelled one by one is completed. */
export const sweepStateOf = (
  counts: RunCounts,
  cancelRequested: boolean,
  { makesRuns, isPaused }: SearchStatus = NO_SEARCH,
): SweepState => {
  const open = RUN_STATES.filter((state) => !isTerminal(state) && counts[state] > 0);
  const stands = (state: RunState): boolean =>
    state === "paused" || (isPaused && state === "waiting_search");
  if (open.length > 0) {
    if (cancelRequested) return "canceling";
    return open.every(stands) ? "paused" : "active";
  }
  if (cancelRequested) return "canceled";
  if (makesRuns) return isPaused ? "paused" : "active";
  return counts.failed > 0 ? "failed" : "completed";
};

export const isTerminalSweep = (state: SweepState): boolean =>
  state === "completed" || state === "failed" || state === "canceled";
