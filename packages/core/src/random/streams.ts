/** What randomness is used for; each use draws from a stream of its own, so that a change to one leaves the others. */
export const STREAMS = ["weights", "shuffling", "probes", "search"] as const;
/** `probes`: directions and samples of analyses. `search`: the random search of a sweep. */
export type StreamName = (typeof STREAMS)[number];
