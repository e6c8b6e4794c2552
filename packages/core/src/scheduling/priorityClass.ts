/** Classes of work: all of a class comes before any of the next. `scavenger` work is preempted by the others. */
export const PRIORITY_CLASSES = ["urgent", "normal", "scavenger"] as const;
export type PriorityClass = (typeof PRIORITY_CLASSES)[number];
