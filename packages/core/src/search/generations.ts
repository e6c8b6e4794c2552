/**
 * A search that learns makes its runs in generations: the first is drawn at random, all at once; each of the others is
 * proposed when every run before it has ended. A proposal thus follows from the seed and the results of the generations
 * before its own, in whatever order these ended and however often the server was started anew.
 */
export interface GenerationSizes {
  /** Runs of the search in all. */
  samples: number;
  /** Of the first generation. */
  startup: number;
  /** Of each later one. */
  atATime: number;
}

/** The generation of a run, counted from 0, by its place in the sweep. */
export const generationOf = (index: number, { startup, atATime }: GenerationSizes): number =>
  index < startup ? 0 : 1 + Math.floor((index - startup) / atATime);

/** The places of the generation that begins at `first`, the number of runs made so far. */
export const generationFrom = (first: number, sizes: GenerationSizes): number[] => {
  const size = first === 0 ? sizes.startup : sizes.atATime;
  const count = Math.max(0, Math.min(size, sizes.samples - first));
  return Array.from({ length: count }, (_, offset) => first + offset);
};
