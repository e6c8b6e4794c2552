/** A lab in fast motion, for tests: work comes, the line decides, slots are held for true durations. */
import { usageOnArrival } from "./arrival.js";
import { FairLine } from "./fairLine.js";
import { Heap } from "./heap.js";
import type { LineGroup, LineUser } from "./line.js";

export interface SimulatedSweep extends Partial<LineGroup> {
  userId: string;
  /** Seconds from the beginning. */
  comesAt?: number;
  count: number;
  /** Forecast of each. */
  seconds: number;
  /** True duration of the item of a rank; as forecast without it. */
  trueSeconds?: (rank: number) => number;
}

export interface SimulatedStart {
  userId: string;
  groupId: string;
  rank: number;
  at: number;
  seconds: number;
  slots: number;
}

export interface SimulatedLab {
  totalSlots: number;
  users: readonly (Partial<LineUser> & { id: string })[];
  sweeps: readonly SimulatedSweep[];
  /** When to stop; without it when all work has ended. */
  until?: number;
}

export const lineUser = (user: Partial<LineUser> & { id: string }): LineUser => ({
  weight: 1,
  usedSlotSeconds: 0,
  softLimit: null,
  hardLimit: null,
  ...user,
});

export const lineGroup = (sweep: SimulatedSweep, index: number): LineGroup => ({
  id: `g${index}`,
  priorityClass: "normal",
  priority: 0,
  queuedAt: sweep.comesAt ?? 0,
  lastStartedAt: null,
  slotsEach: 1,
  ...sweep,
  waiting: sweep.count,
  secondsEach: sweep.seconds,
});

/** Every start, in its order. */
export const simulateLine = ({
  totalSlots,
  users,
  sweeps,
  until = Number.POSITIVE_INFINITY,
}: SimulatedLab): SimulatedStart[] => {
  const line = new FairLine({ totalSlots, users: users.map(lineUser), groups: [], running: [] });
  const coming = sweeps
    .map((sweep, index) => ({ sweep, group: lineGroup(sweep, index) }))
    .sort((a, b) => a.group.queuedAt - b.group.queuedAt);
  const ends = new Heap<{ at: number; userId: string; slots: number }>((a, b) => a.at < b.at);
  const sweepOf = new Map(coming.map(({ sweep, group }) => [group.id, sweep]));
  const open = new Map<string, number>(users.map(({ id }) => [id, 0]));
  const starts: SimulatedStart[] = [];
  let now = 0;

  const arrive = (group: LineGroup): void => {
    const { userId } = group;
    if (open.get(userId) === 0) {
      const usage = (id: string) => ({
        weight: users.find((user) => user.id === id)?.weight ?? 1,
        usedSlotSeconds: line.usageOf(id, now),
      });
      const atWork = [...open].filter(([, count]) => count > 0).map(([id]) => usage(id));
      line.raiseUsage(userId, usageOnArrival(usage(userId), atWork, totalSlots), now);
    }
    open.set(userId, (open.get(userId) ?? 0) + group.waiting);
    line.submit(group);
  };

  for (;;) {
    while (coming[0] !== undefined && coming[0].group.queuedAt <= now) {
      const next = coming.shift();
      if (next !== undefined) arrive(next.group);
    }
    const group = line.next(now);
    if (group !== null && group.slotsEach <= line.freeSlots) {
      const sweep = sweepOf.get(group.id);
      if (sweep === undefined) throw new Error(`simulateLine: no sweep of ${group.id}`);
      const rank = sweep.count - group.waiting;
      const seconds = sweep.trueSeconds?.(rank) ?? sweep.seconds;
      const { userId, slotsEach: slots } = group;
      line.start(group, now);
      starts.push({ userId, groupId: group.id, rank, at: now, seconds, slots });
      ends.push({ at: now + seconds, userId, slots });
      continue;
    }
    const next = Math.min(
      ends.first?.at ?? Number.POSITIVE_INFINITY,
      coming[0]?.group.queuedAt ?? Number.POSITIVE_INFINITY,
    );
    if (next >= until || next === Number.POSITIVE_INFINITY) return starts;
    now = next;
    while (ends.first !== undefined && ends.first.at <= now) {
      const end = ends.pop();
      if (end === undefined) break;
      line.end(end.userId, end.slots, now);
      open.set(end.userId, (open.get(end.userId) ?? 0) - 1);
    }
  }
};

/** Slot-seconds of a user's starts within [0, until]. */
export const slotSecondsOf = (
  starts: readonly SimulatedStart[],
  userId: string,
  until: number,
): number =>
  starts
    .filter((start) => start.userId === userId)
    .reduce((sum, { at, seconds, slots }) => sum + slots * Math.min(seconds, until - at), 0);
