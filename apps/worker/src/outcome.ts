/** How an attempt ends. */
import type { Fault } from "./messages.js";

export type Outcome =
  | { type: "finished" }
  | ({ type: "fault" } & Fault)
  | { type: "crashed"; detail: string }
  | { type: "handed_back"; detail: string }
  /** What was not stored is given up; the run goes on from its last checkpoint once there is room. */
  | { type: "storage_full"; detail: string }
  | { type: "paused" }
  /** Its search decides whether it goes on. */
  | { type: "rung_reached" }
  | { type: "canceled" }
  /** The run is another's by now, or the worker must go: nothing more is written. */
  | { type: "lost" };

/** One that is told to PostgreSQL. */
export type WrittenOutcome = Exclude<Outcome, { type: "lost" }>;

/** A write was refused because PostgreSQL has no room. What it said of its files is for the worker's log alone. */
export const WITHOUT_ROOM: WrittenOutcome = {
  type: "storage_full",
  detail: "PostgreSQL had no room for what the run measured",
};
