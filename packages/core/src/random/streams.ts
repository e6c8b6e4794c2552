/** What randomness is used for; each use draws from a stream of its own, so that a change to one leaves the others. */
export const STREAMS = ["weights", "shuffling", "probes", "search", "proposals"] as const;
/** `probes`: directions and samples of analyses. `search`: the random search of a sweep. `proposals`: of a search that learns. */
export type StreamName = (typeof STREAMS)[number];
