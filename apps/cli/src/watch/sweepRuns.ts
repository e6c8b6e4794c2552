/** The runs of a watched sweep, kept up to date with few requests. */
import type { RunBody, SweepBody } from "@pclab/contracts";
import type { LabClient } from "../client/labClient.js";

/** A sweep of more runs is not read whole at every look: those that move are enough. */
const RUNS_READ_WHOLE = 500;
/** Of more than these, pages of the whole sweep are fewer requests than one for each. */
const MOST_READ_ALONE = 20;
const MOVING = "starting,running,pausing,recovering,waiting_storage,canceling";
const AT_A_RUNG = "waiting_search";

/** @returns reads the runs as they are at a look, given the sweep as it was read just before */
export const sweepRunsOf = (
  lab: LabClient,
  path: string,
): ((sweep: SweepBody) => Promise<RunBody[]>) => {
  let known = new Map<string, RunBody>();

  const read = async (state?: string): Promise<Map<string, RunBody>> => {
    const runs = new Map<string, RunBody>();
    for await (const page of lab.list<RunBody>(`${path}/runs`, { state }))
      for (const run of page) runs.set(run.id, run);
    return runs;
  };

  /** Reads the runs of these states, and those that were in one of them before. */
  const refresh = async (states: string): Promise<void> => {
    const there = await read(states);
    const left = [...known.values()].filter(
      ({ id, state }) => states.includes(state) && !there.has(id),
    );
    if (left.length > MOST_READ_ALONE) {
      known = await read();
      return;
    }
    for (const { id } of left) there.set(id, await lab.get<RunBody>(`/v1/runs/${id}`));
    known = new Map([...known, ...there]);
  };

  const waitingCount = (): number =>
    [...known.values()].filter(({ state }) => state === AT_A_RUNG).length;

  return async ({ run_count, poll_after_ms, counts }) => {
    const isOver = poll_after_ms === null;
    // A search makes runs on the way; none is ever taken away.
    if (isOver || run_count <= RUNS_READ_WHOLE || known.size < run_count) {
      known = await read();
    } else {
      await refresh(MOVING);
      // At a rung nearly the whole sweep may wait, and none of it changes before the counts do.
      if (waitingCount() !== counts.waiting_search) await refresh(AT_A_RUNG);
    }
    return [...known.values()];
  };
};
