import type { RunBody, SweepBody } from "@pclab/contracts";
import { describe, expect, test } from "vitest";
import type { LabClient, Query } from "../client/labClient.js";
import { lookerOf } from "./snapshot.js";

const ENDED = new Set(["succeeded", "failed", "canceled", "pruned"]);
const STATES = ["queued", "running", "waiting_search", ...ENDED] as const;

/** A lab of one sweep, whose runs are in the states that `states` holds at the moment. */
const labOf = (states: RunBody["state"][], plannedRuns = states.length) => {
  const asked: string[] = [];
  const runOf = (index: number): RunBody => {
    const state = states[index];
    const poll_after_ms = ENDED.has(state) ? null : 1000;
    const progress = { fraction: state === "queued" ? 0 : 0.5 };
    return { id: `run_${index}`, index, state, poll_after_ms, progress } as RunBody;
  };
  const sweep = () =>
    ({
      id: "swp_1",
      name: "search",
      state: "active",
      run_count: states.length,
      planned_run_count: Math.max(plannedRuns, states.length),
      counts: Object.fromEntries(
        STATES.map((state) => [state, states.filter((one) => one === state).length]),
      ),
      analyses: { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 },
      poll_after_ms: 1000,
    }) as unknown as SweepBody;
  const lab = {
    get: (path: string) => {
      asked.push(path);
      const [, index] = /^\/v1\/runs\/run_(\d+)$/.exec(path) ?? [];
      return Promise.resolve(index === undefined ? sweep() : runOf(Number(index)));
    },
    async *list(path: string, { state }: Query) {
      const wanted = state === undefined ? null : String(state).split(",");
      asked.push(`${path}?${wanted?.join() ?? "all"}`);
      yield await Promise.resolve(
        states
          .map((_, index) => runOf(index))
          .filter((run) => wanted === null || wanted.includes(run.state)),
      );
    },
  } as unknown as LabClient;
  const path = "/v1/sweeps/swp_1";
  const look = lookerOf(lab, { kind: "swp", id: "swp_1", noun: "sweep", path });
  /** The look, how often each state is among its runs, and what it asked. */
  const next = async () => {
    asked.length = 0;
    const snapshot = await look();
    const tally: Record<string, number> = {};
    for (const { state } of snapshot.runs) tally[state] = (tally[state] ?? 0) + 1;
    return { ...snapshot, tally, asked: [...asked] };
  };
  return { next };
};

const repeat = (count: number, state: RunBody["state"]): RunBody["state"][] =>
  Array.from({ length: count }, () => state);

describe("a sweep whose search makes runs", () => {
  test("is as far as all its runs are, those to come included, and never falls back", async () => {
    const states = repeat(10, "succeeded");
    const { next } = labOf(states, 50);
    const before = await next();
    expect(before).toMatchObject({ isOver: false, fraction: 10 / 50 });
    expect(before.tallies).toEqual(["10 of 50 runs ended", "40 to come"]);
    states.push(...repeat(4, "queued"));
    const after = await next();
    expect(after.fraction).toBe(before.fraction);
    expect(after.tallies).toEqual(["10 of 50 runs ended", "4 queued", "36 to come"]);
  });

  test("tells of the runs that wait at a rung", async () => {
    const { next } = labOf(["waiting_search", "waiting_search", "running"]);
    expect((await next()).tallies).toEqual(["0 of 3 runs ended", "1 running", "2 waiting_search"]);
  });
});

describe("a sweep of more runs than are read at every look", () => {
  test("shows runs that its search has made since", async () => {
    const states = repeat(600, "succeeded");
    const { next } = labOf(states, 700);
    await next();
    states.push(...repeat(4, "queued"));
    expect((await next()).tally).toEqual({ succeeded: 600, queued: 4 });
  });

  test("reads runs at a rung when their count changes, and not before", async () => {
    const states = [...repeat(600, "waiting_search"), ...repeat(2, "running")];
    const { next } = labOf(states);
    await next();
    states[600] = "waiting_search";
    const reached = await next();
    expect(reached.tally).toEqual({ waiting_search: 601, running: 1 });
    expect(reached.asked).toEqual([
      "/v1/sweeps/swp_1",
      expect.stringMatching(/^\/v1\/sweeps\/swp_1\/runs\?starting,running,/),
      "/v1/runs/run_600",
    ]);
    states[0] = "canceled";
    expect((await next()).tally).toEqual({ waiting_search: 600, running: 1, canceled: 1 });
  });

  test("sees one run leave a rung in the look in which another comes to it", async () => {
    const states = [...repeat(600, "waiting_search"), "running" as const];
    const { next } = labOf(states);
    await next();
    states[600] = "waiting_search";
    states[7] = "canceled";
    expect((await next()).tally).toEqual({ waiting_search: 600, canceled: 1 });
  });

  test("shows what a rung has decided, without a request for each run", async () => {
    const states = repeat(900, "waiting_search");
    const { next } = labOf(states);
    await next();
    states.fill("queued", 0, 300).fill("pruned", 300);
    const decided = await next();
    expect(decided.tally).toEqual({ queued: 300, pruned: 600 });
    expect(decided.fraction).toBe(600 / 900);
    expect(decided.asked.length).toBeLessThan(6);
  });
});
