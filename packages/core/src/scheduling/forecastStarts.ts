/** When what waits will start: the line run forward on forecast durations. */
import { FairLine } from "./fairLine.js";
import { Heap } from "./heap.js";
import type { LineGroup, LineState } from "./line.js";

export interface GroupForecast {
  /** Seconds from now, by rank in the group; NaN beyond what was run forward. */
  startSeconds: Float64Array;
  /** Place in the whole line, 1 for the next; 0 beyond what was run forward. */
  positions: Int32Array;
}

/** By group. */
export type StartForecast = Map<string, GroupForecast>;

/** Nothing is known of its end: it is taken to go on for so long. */
const UNKNOWN_SECONDS = 600;

/** Starts between two breaths of the caller's. */
const STARTS_A_STEP = 200;

/**
 * A generator that gives now and then a moment to its caller, and returns the forecast. Work that comes later, and runs that
 * take longer than forecast, are not in it: see `cautiousStart`.
 *
 * @param mostStarts where to stop: beyond, there is no forecast
 */
export function* forecastStarts(
  state: LineState,
  mostStarts = 100_000,
): Generator<void, StartForecast, void> {
  const forecast: StartForecast = new Map(
    state.groups.map(({ id, waiting }) => [
      id,
      {
        startSeconds: new Float64Array(waiting).fill(Number.NaN),
        positions: new Int32Array(waiting),
      },
    ]),
  );
  const total = new Map(state.groups.map(({ id, waiting }) => [id, waiting]));
  const line = new FairLine(state);
  const ends = new Heap<{ at: number; userId: string; slots: number }>(
    (a, b) => a.at < b.at,
    state.running.map(({ userId, slots, secondsLeft }) => ({
      at: Math.max(0, secondsLeft ?? UNKNOWN_SECONDS),
      userId,
      slots,
    })),
  );
  let now = 0;
  for (let started = 0; started < mostStarts; ) {
    const group = line.next(now);
    if (group !== null && group.slotsEach <= line.freeSlots) {
      const found = forecast.get(group.id);
      const rank = (total.get(group.id) ?? 0) - group.waiting;
      started += 1;
      if (found !== undefined) {
        found.startSeconds[rank] = now;
        found.positions[rank] = started;
      }
      line.start(group, now);
      ends.push(endOf(group, now));
      if (started % STARTS_A_STEP === 0) yield;
      continue;
    }
    const end = ends.pop();
    // Nothing runs, and what waits never fits: no worker is that large, or a limit is 0.
    if (end === undefined) break;
    now = Math.max(now, end.at);
    line.end(end.userId, end.slots, now);
  }
  return forecast;
}

const endOf = ({ userId, slotsEach, secondsEach }: LineGroup, now: number) => ({
  at: now + secondsEach,
  userId,
  slots: slotsEach,
});

/** By how much a start may be later than forecast in nine of ten cases: durations err, and others come. */
const CAUTION = 2;

/** A run may begin at once; that its worker has first to start a process takes a moment. */
const START_SECONDS = 5;

/** Seconds from now by which a start that is forecast for `startSeconds` has come, in at least eight cases of ten. */
export const cautiousStart = (startSeconds: number, secondsEach: number): number =>
  START_SECONDS + CAUTION * startSeconds + 0.5 * secondsEach;
