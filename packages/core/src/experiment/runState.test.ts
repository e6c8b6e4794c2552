import { describe, expect, test } from "vitest";
import {
  RUN_EVENTS,
  RUN_STATES,
  type RunEvent,
  type RunState,
  allowedActions,
  isTerminal,
  statesThatAllow,
  transition,
} from "./runState.js";
import { countRuns, sweepStateOf } from "./sweepState.js";

/** The table of the API's documentation, typed again by hand: (from, on, to). */
const ALLOWED: [RunState, RunEvent, RunState][] = [
  ["queued", "claimed", "starting"],
  ["starting", "first_step", "running"],
  ["running", "last_step", "succeeded"],
  ["running", "pruned", "pruned"],
  ["running", "rung_reached", "waiting_search"],
  ["waiting_search", "promoted", "queued"],
  ["waiting_search", "pruned", "pruned"],
  ["waiting_search", "cancel", "canceled"],
  ["starting", "fault", "failed"],
  ["running", "fault", "failed"],
  ["starting", "interrupted", "recovering"],
  ["running", "interrupted", "recovering"],
  ["pausing", "interrupted", "recovering"],
  ["recovering", "put_back", "queued"],
  ["recovering", "budget_spent", "failed"],
  ["running", "pause", "pausing"],
  ["pausing", "checkpoint_written", "paused"],
  ["pausing", "last_step", "succeeded"],
  ["queued", "pause", "paused"],
  ["starting", "pause", "paused"],
  ["paused", "resume", "queued"],
  ["starting", "storage_full", "waiting_storage"],
  ["running", "storage_full", "waiting_storage"],
  ["pausing", "storage_full", "paused"],
  ["waiting_storage", "storage_room", "queued"],
  ["queued", "cancel", "canceled"],
  ["paused", "cancel", "canceled"],
  ["waiting_storage", "cancel", "canceled"],
  ["recovering", "cancel", "canceled"],
  ["starting", "cancel", "canceling"],
  ["running", "cancel", "canceling"],
  ["pausing", "cancel", "canceling"],
  ["canceling", "stopped", "canceled"],
  ["failed", "retry", "queued"],
  ["canceled", "retry", "queued"],
];

describe("the state table", () => {
  test("allows exactly the documented transitions", () => {
    for (const from of RUN_STATES) {
      for (const event of RUN_EVENTS) {
        const row = ALLOWED.find(([state, on]) => state === from && on === event);
        expect(transition(from, event), `${from} on ${event}`).toBe(row?.[2] ?? null);
      }
    }
  });

  test("no terminal state is left but by a retry", () => {
    for (const state of RUN_STATES.filter(isTerminal)) {
      const events = RUN_EVENTS.filter((event) => transition(state, event) !== null);
      expect(events.filter((event) => event !== "retry")).toEqual([]);
    }
  });

  test("lists the states and actions that a conflict is answered with", () => {
    expect(statesThatAllow("retry")).toEqual(["failed", "canceled"]);
    expect(allowedActions("running")).toEqual(["cancel", "pause"]);
    expect(allowedActions("succeeded")).toEqual([]);
  });
});

describe("a sweep's state", () => {
  const stateOf = (
    counts: Partial<Record<RunState, number>>,
    cancelRequested = false,
    search = { makesRuns: false, isPaused: false },
  ) =>
    sweepStateOf(
      countRuns(
        Object.entries(counts).map(([state, count]) => ({ state: state as RunState, count })),
      ),
      cancelRequested,
      search,
    );

  test("follows from its runs and from what its user asked for", () => {
    expect(stateOf({ queued: 1, succeeded: 3 })).toBe("active");
    expect(stateOf({ paused: 2, succeeded: 1 })).toBe("paused");
    expect(stateOf({ canceling: 1, canceled: 1 }, true)).toBe("canceling");
    expect(stateOf({ canceled: 2, failed: 1 }, true)).toBe("canceled");
    expect(stateOf({ succeeded: 2, failed: 1 })).toBe("failed");
    expect(stateOf({ succeeded: 2, canceled: 1 })).toBe("completed");
  });

  test("is not over while its search has runs to make, and stands while its user paused it", () => {
    const makes = { makesRuns: true, isPaused: false };
    const paused = { makesRuns: true, isPaused: true };
    expect(stateOf({ succeeded: 4 }, false, makes)).toBe("active");
    expect(stateOf({ succeeded: 3, failed: 1 }, false, makes)).toBe("active");
    expect(stateOf({ succeeded: 4 }, false, paused)).toBe("paused");
    expect(stateOf({ waiting_search: 4 }, false, makes)).toBe("active");
    expect(stateOf({ waiting_search: 4, paused: 1 }, false, paused)).toBe("paused");
    expect(stateOf({ waiting_search: 4, running: 1 }, false, paused)).toBe("active");
    expect(stateOf({ waiting_search: 1 }, true)).toBe("canceling");
    expect(stateOf({ succeeded: 1, pruned: 2 })).toBe("completed");
  });
});
