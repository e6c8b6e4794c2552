/**
 * The line as users see it: places, expected starts, and why. It is run forward by the dispatcher's own code, at most once
 * in a while, and a few thousand starts at a time, so that requests are answered in between.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  FairLine,
  type LineState,
  type PlaceFacts,
  type StartForecast,
  PRIORITY_CLASSES,
  cautiousStart,
  forecastStarts,
} from "@pclab/core";
import {
  type Database,
  type LineRows,
  type RunRow,
  capacity,
  measuredDurationRatio,
  ranksInGroups,
  readLine,
} from "@pclab/storage";

export interface Place {
  /** 1 for the next; null where the line was not run forward so far. */
  position: number;
  eta: Date | null;
  cautiousEta: Date | null;
  /** Why there is no forecast. */
  reason: string | null;
}

export interface Line {
  /** Of queued runs; one that has left the line meanwhile is left out. */
  placesOf(runs: readonly Pick<RunRow, "id">[]): Promise<Map<string, Place>>;
  /** What `explainPlace` makes its sentence of; null for a run that has left the line. */
  factsOf(run: RunRow): Promise<PlaceFacts | null>;
  /** Resolves when nothing is being read that no request waits for. */
  settled(): Promise<void>;
}

interface Snapshot {
  atMs: number;
  rows: LineRows;
  state: LineState;
  forecast: StartForecast;
  /** Of durations; null where nothing was measured. */
  ratio: number | null;
}

/** A snapshot serves for so long, and for as many times the time that it took to make. */
const FRESH_MS = 500;
const FRESH_TIMES = 10;
/** One that took longer serves until the next is there. */
const SLOW_MS = 50;

export const openLine = (database: Database, leaseMs: number): Line => {
  let making: Promise<Snapshot> | null = null;
  let last: { taken: Snapshot; isSlow: boolean } | null = null;
  let freshUntilMs = 0;

  const renew = async (): Promise<Snapshot> => {
    const startMs = performance.now();
    try {
      const taken = await takeSnapshot(database, leaseMs);
      const tookMs = performance.now() - startMs;
      freshUntilMs = performance.now() + Math.max(FRESH_MS, FRESH_TIMES * tookMs);
      last = { taken, isSlow: tookMs > SLOW_MS };
      return taken;
    } finally {
      making = null;
    }
  };

  const snapshot = async (): Promise<Snapshot> => {
    if (last !== null && performance.now() < freshUntilMs) return last.taken;
    making ??= renew();
    if (last?.isSlow !== true) return making;
    // Nobody waits for a long line to be run forward: the one before serves meanwhile.
    making.catch(() => undefined);
    return last.taken;
  };

  return {
    placesOf: async (runs) => {
      if (runs.length === 0) return new Map();
      const [taken, ranks] = await Promise.all([
        snapshot(),
        ranksInGroups(
          database,
          runs.map(({ id }) => id),
        ),
      ]);
      const places = new Map<string, Place>();
      for (const [id, { group, rank }] of ranks) {
        const place = placeIn(taken, group, rank);
        if (place !== null) places.set(id, place);
      }
      return places;
    },

    factsOf: async (run) => {
      const [taken, ranks] = await Promise.all([snapshot(), ranksInGroups(database, [run.id])]);
      const found = ranks.get(run.id);
      return found === undefined ? null : factsIn(taken, run, found);
    },

    settled: async () => {
      await making?.catch(() => undefined);
    },
  };
};

const takeSnapshot = async (database: Database, leaseMs: number): Promise<Snapshot> => {
  const { slots, largestWorker } = await capacity(database, leaseMs);
  const [rows, ratio] = await Promise.all([
    readLine(database, { largestWorker }),
    measuredDurationRatio(database),
  ]);
  const scale = ratio ?? 1;
  const state: LineState = {
    totalSlots: slots,
    users: rows.users,
    groups: rows.groups.map((group) => ({ ...group, secondsEach: scale * group.secondsEach })),
    running: rows.held,
  };
  const steps = forecastStarts(state);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return { atMs: Date.now(), rows, state, forecast: step.value, ratio };
    }
    await nextTurn();
  }
};

const placeIn = (
  { atMs, forecast, state, ratio }: Snapshot,
  group: string,
  rank: number,
): Place | null => {
  const position = forecast.get(group)?.positions[rank] ?? 0;
  const startSeconds = forecast.get(group)?.startSeconds[rank] ?? Number.NaN;
  if (position === 0 || Number.isNaN(startSeconds)) {
    // It came after the snapshot, or nothing will start: the end of the line is the honest place.
    const waiting = state.groups.reduce((sum, one) => sum + one.waiting, 0);
    const reason =
      state.totalSlots === 0
        ? "no worker that takes work is connected"
        : "it has only just come, or no slot is free for it in what can be foreseen";
    return { position: Math.max(1, waiting), eta: null, cautiousEta: null, reason };
  }
  if (ratio === null) {
    return {
      position,
      eta: null,
      cautiousEta: null,
      reason: "no run has ended here yet: nothing was measured",
    };
  }
  const secondsEach = state.groups.find(({ id }) => id === group)?.secondsEach ?? 0;
  return {
    position,
    eta: new Date(atMs + 1000 * startSeconds),
    cautiousEta: new Date(atMs + 1000 * cautiousStart(startSeconds, secondsEach)),
    reason: null,
  };
};

const factsIn = (
  { state, forecast, rows, ratio }: Snapshot,
  run: RunRow,
  { group, rank }: { group: string; rank: number },
): PlaceFacts | null => {
  const own = state.groups.find(({ id }) => id === group);
  const user = rows.users.find(({ id }) => id === run.userId);
  if (own === undefined || user === undefined) return null;
  const position = forecast.get(group)?.positions[rank] ?? 0;
  const startSeconds = forecast.get(group)?.startSeconds[rank] ?? Number.NaN;
  let ownAhead = 0;
  let othersAhead = 0;
  let higherClassAhead = false;
  for (const other of state.groups) {
    const before = (forecast.get(other.id)?.positions ?? []).filter(
      (place) => place > 0 && (position === 0 || place < position),
    ).length;
    if (other.userId === run.userId) ownAhead += before;
    else othersAhead += before;
    higherClassAhead ||=
      before > 0 &&
      PRIORITY_CLASSES.indexOf(other.priorityClass) < PRIORITY_CLASSES.indexOf(own.priorityClass);
  }
  const line = new FairLine(state);
  return {
    position: position === 0 ? null : position,
    priorityClass: own.priorityClass,
    ownAhead,
    othersAhead,
    higherClassAhead,
    totalSlots: state.totalSlots,
    slotsInUse: line.slotsInUseOf(run.userId),
    entitlement: line.entitlementOf(run.userId),
    hardLimit: user.hardLimit,
    startSeconds: ratio === null || Number.isNaN(startSeconds) ? null : startSeconds,
  };
};
