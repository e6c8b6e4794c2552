/**
 * Successive halving (Jamieson and Talwalkar 2016; Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning",
 * which names it ASHA). Every run trains to the first rung and stops there with a checkpoint; the best of those that came
 * to a rung, one in `reductionFactor`, go on from their checkpoints to the next, the others are pruned.
 *
 * ASHA promotes a run as soon as it is among the best of those that came so far, so that what it keeps depends on who
 * was first. Here a rung decides once every run of a generation has come to it or ended, against all that came to it in
 * this generation and those before: what is kept follows from the results alone.
 */
export interface Halving {
  metric: "validation_accuracy" | "validation_loss";
  /** Epochs of the first rung. */
  minEpochs: number;
  reductionFactor: number;
}

/** Epochs of the rungs of a run of `epochs`: its end is no rung. */
export const rungsOf = ({ minEpochs, reductionFactor }: Halving, epochs: number): number[] => {
  const rungs: number[] = [];
  for (let rung = minEpochs; rung < epochs; rung *= reductionFactor) rungs.push(rung);
  return rungs;
};

/** Where a run stops that has come to `rung`: the next one, or null for its end. */
export const rungAfter = (halving: Halving, rung: number, epochs: number): number | null =>
  rungsOf(halving, epochs).find((next) => next > rung) ?? null;

/** The rung below, or 0 for the start. */
export const rungBefore = ({ minEpochs, reductionFactor }: Halving, rung: number): number =>
  rung > minEpochs ? rung / reductionFactor : 0;

/** A run that came to a rung, or failed on its way there. */
export interface RungEntry {
  /** Its place in the sweep. */
  index: number;
  generation: number;
  /** The metric there; null for a run that failed on the way, which counts among those that came, as the worst. */
  value: number | null;
  /** It waits for the decision. */
  isWaiting: boolean;
}

export interface RungDecision {
  /** Places in the sweep. */
  promoted: number[];
  pruned: number[];
}

/** How many of those that came to a rung go on; the best one always does. */
export const keptCount = (count: number, reductionFactor: number): number =>
  Math.max(1, Math.floor(count / reductionFactor));

/** Of equals the one that stands earlier in the sweep is better. */
export const decideRung = (
  { metric, reductionFactor }: Halving,
  entries: readonly RungEntry[],
): RungDecision => {
  const sign = metric === "validation_accuracy" ? -1 : 1;
  const better = (a: RungEntry, b: RungEntry): number => {
    if (a.value === null || b.value === null)
      return Number(a.value === null) - Number(b.value === null) || a.index - b.index;
    return sign * (a.value - b.value) || a.index - b.index;
  };
  const ranked = [...entries].sort(better);
  const waiting = entries.filter(({ isWaiting }) => isWaiting);
  const decision: RungDecision = { promoted: [], pruned: [] };
  for (const generation of new Set(waiting.map((entry) => entry.generation))) {
    const rivals = ranked.filter((entry) => entry.generation <= generation);
    const kept = new Set(rivals.slice(0, keptCount(rivals.length, reductionFactor)));
    for (const entry of waiting.filter((one) => one.generation === generation)) {
      (kept.has(entry) ? decision.promoted : decision.pruned).push(entry.index);
    }
  }
  return decision;
};

/**
 * The share of a run's whole training that halving is expected to spend on it, as one of `count` that begin together.
 */
export const expectedShare = (halving: Halving, epochs: number, count: number): number => {
  let kept = count;
  let trained = 0;
  let from = 0;
  for (const rung of [...rungsOf(halving, epochs), epochs]) {
    trained += kept * (rung - from);
    from = rung;
    kept = keptCount(kept, halving.reductionFactor);
  }
  return trained / (count * epochs);
};
