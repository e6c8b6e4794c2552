/** Which work should be in the queue now: what the line gives for the free slots, and one more. */
import { FairLine, choosePreempted, usageOnArrival } from "@pclab/core";
import {
  type Capacity,
  type Database,
  type LineRows,
  type QueuedWork,
  type WaitingGroup,
  firstOfGroup,
  noteArrival,
  readLine,
} from "@pclab/storage";

export interface PickedWork {
  /** In the order of the line. */
  work: QueuedWork[];
  /** Ids of running work that is to give its slots up for the first of it. */
  preempted: string[];
}

export const pickWork = async (database: Database, capacity: Capacity): Promise<PickedWork> => {
  const { slots, largestWorker, busySlots } = capacity;
  const free = Math.max(0, slots - busySlots);
  const rows = await readLine(database, { largestWorker, mostOfEach: free + 1 });
  await noteArrivals(database, rows, slots);
  const { users, groups, held } = rows;
  const line = new FairLine({ totalSlots: slots, users, groups, running: held });
  const first = line.next(0);
  const picks: WaitingGroup[] = [];
  // A job more than there are free slots, so that no slot waits for the dispatcher's next look.
  for (let taken = 0; taken <= free; ) {
    const group = line.next(0) as WaitingGroup | null;
    if (group === null) break;
    line.start(group, 0);
    picks.push({ ...group });
    taken += group.slotsEach;
  }
  return { work: await takeFirst(database, picks), preempted: choosePreempted(first, free, held) };
};

/** From groups, each as often as it was picked, to its first works. */
const takeFirst = async (
  database: Database,
  picks: readonly WaitingGroup[],
): Promise<PickedWork["work"]> => {
  const counts = new Map<string, { group: WaitingGroup; count: number }>();
  for (const group of picks) {
    counts.set(group.id, { group, count: (counts.get(group.id)?.count ?? 0) + 1 });
  }
  const found = new Map<string, QueuedWork[]>();
  for (const { group, count } of counts.values()) {
    found.set(group.id, await firstOfGroup(database, group, count));
  }
  return picks.flatMap(({ id }) => found.get(id)?.shift() ?? []);
};

/** A user's work that comes after an idle time does not begin with the credit of all of it. */
const noteArrivals = async (
  database: Database,
  { users }: LineRows,
  totalSlots: number,
): Promise<void> => {
  for (const user of users) {
    if (!user.hasArrived) continue;
    const others = users.filter((other) => other !== user && !other.hasArrived);
    const counted = usageOnArrival(user, others, totalSlots);
    await noteArrival(database, user.id, counted - user.usedSlotSeconds);
    user.usedSlotSeconds = counted;
  }
};
