/** Which running work gives its slots up, at a checkpoint, for work of a higher class that waits. */
import type { LineGroup } from "./line.js";
import type { PriorityClass } from "./priorityClass.js";

export interface PreemptibleWork {
  id: string;
  priorityClass: PriorityClass;
  slots: number;
  elapsedSeconds: number;
  /** It was asked to already: its slots are on their way. */
  isPreempted: boolean;
}

/**
 * Scavenger work alone is preempted, for the first in line of another class: as little of it as serves, the youngest
 * first, since that has the least to lose. None where all of it together would not serve.
 */
export const choosePreempted = (
  next: Pick<LineGroup, "priorityClass" | "slotsEach"> | null,
  freeSlots: number,
  running: readonly PreemptibleWork[],
): string[] => {
  if (next === null || next.priorityClass === "scavenger") return [];
  const scavengers = running.filter(({ priorityClass }) => priorityClass === "scavenger");
  const coming = scavengers
    .filter(({ isPreempted }) => isPreempted)
    .reduce((sum, { slots }) => sum + slots, 0);
  let missing = next.slotsEach - freeSlots - coming;
  const chosen: string[] = [];
  const candidates = scavengers
    .filter(({ isPreempted }) => !isPreempted)
    .sort((a, b) => a.elapsedSeconds - b.elapsedSeconds || (a.id < b.id ? -1 : 1));
  for (const work of candidates) {
    if (missing <= 0) break;
    chosen.push(work.id);
    missing -= work.slots;
  }
  return missing > 0 ? [] : chosen;
};
