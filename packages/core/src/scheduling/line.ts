/** What the order of the line is made of. Times in seconds, slots as a worker has them. */
import type { PriorityClass } from "./priorityClass.js";

export interface LineUser {
  id: string;
  /** The user's part of the lab beside the others'; > 0. */
  weight: number;
  /** Slot-seconds with a half-life of 24 h, those of work under way so far included. */
  usedSlotSeconds: number;
  /** Slots beyond which others of the class come first; null for none. */
  softLimit: number | null;
  /** Slots at most at a time; null for none. */
  hardLimit: number | null;
}

/** Work of one sweep that waits, alike, first in first out. */
export interface LineGroup {
  id: string;
  userId: string;
  priorityClass: PriorityClass;
  /** The user's own order, higher first. */
  priority: number;
  /** Of the oldest. */
  queuedAt: number;
  /** When work of its sweep last began, by the clock of the line's calls: before its beginning negative; null if it never did. */
  lastStartedAt: number | null;
  waiting: number;
  slotsEach: number;
  /** Forecast of one. */
  secondsEach: number;
}

/** Work that holds slots. */
export interface LineRunning {
  userId: string;
  slots: number;
  /** Forecast; null when nothing is known. */
  secondsLeft: number | null;
}

export interface LineState {
  /** Of all workers. */
  totalSlots: number;
  users: readonly LineUser[];
  groups: readonly LineGroup[];
  running: readonly LineRunning[];
}

export const USAGE_HALF_LIFE_SECONDS = 86_400;

/** What remains of a usage after so long. */
export const decayed = (slotSeconds: number, seconds: number): number =>
  slotSeconds * 2 ** (-seconds / USAGE_HALF_LIFE_SECONDS);
