/**
 * TPE, the tree-structured Parzen estimator (Bergstra et al. 2011): the tenth of the results that are best give one
 * density l, all others another, g; of 24 points drawn from l that one is proposed where l/g, and with it the expected
 * improvement, is greatest.
 */
import type { Generator } from "../random/generator.js";
import { type Dimension, ParzenEstimator, type Point } from "./parzen.js";

/** What a run of the search came to. */
export interface Observation {
  point: Point;
  /** Smaller is better; null for a run that failed, which counts as bad. */
  loss: number | null;
  /** How far it trained before it was pruned, in epochs; null for one that was not. */
  prunedAt: number | null;
}

export const CANDIDATES = 24;

/** How many of the results count as good. */
export const goodCount = (count: number): number => Math.min(Math.ceil(0.1 * count), 25);

/**
 * The point to try next.
 *
 * @param observations in the order in which they were proposed
 * @param pending points of the same generation, whose results are not known: they count as bad, so that not all look at
 *   one place
 */
export const proposePoint = (
  space: readonly Dimension[],
  { observations, pending }: { observations: readonly Observation[]; pending: readonly Point[] },
  generator: Generator,
): Point => {
  const best = new Set(
    observations
      .map((_, index) => index)
      .sort((a, b) => compare(observations[a], observations[b]) || a - b)
      .slice(0, goodCount(observations.length))
      .filter((index) => observations[index].loss !== null),
  );
  const pointsWhere = (isGood: boolean): Point[] =>
    observations.filter((_, index) => best.has(index) === isGood).map(({ point }) => point);
  const good = new ParzenEstimator(space, pointsWhere(true));
  const bad = new ParzenEstimator(space, [...pointsWhere(false), ...pending]);
  let proposed = good.draw(generator);
  let highest = good.logProbability(proposed) - bad.logProbability(proposed);
  for (let drawn = 1; drawn < CANDIDATES; drawn++) {
    const candidate = good.draw(generator);
    const ratio = good.logProbability(candidate) - bad.logProbability(candidate);
    if (ratio > highest) {
      proposed = candidate;
      highest = ratio;
    }
  }
  return proposed;
};

/** Those that trained to their end come first; then those that were pruned, the later the better; then those without a result. */
const compare = (a: Observation, b: Observation): number => {
  if (a.loss === null || b.loss === null) return Number(a.loss === null) - Number(b.loss === null);
  const reach = ({ prunedAt }: Observation): number => prunedAt ?? Number.MAX_VALUE;
  return reach(b) - reach(a) || a.loss - b.loss;
};
