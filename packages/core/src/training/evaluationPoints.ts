/** When a run is evaluated: after which minibatches, counted from 1. Never before training, always at its end. */

/** The default: every tenth of the first epoch, then every epoch. */
const FIRST_EPOCH_PARTS = 10;

/** Points that fall between two minibatches belong to the later one; several of one minibatch are one point. */
export const isEvaluationPoint = (
  minibatch: number,
  minibatchesPerEpoch: number,
  evaluateEvery: number | null,
): boolean => {
  const passed = (count: number): number => {
    const epochs = count / minibatchesPerEpoch;
    if (evaluateEvery !== null) return intervals(epochs / evaluateEvery);
    return epochs <= 1
      ? intervals(epochs * FIRST_EPOCH_PARTS)
      : FIRST_EPOCH_PARTS + intervals(epochs) - 1;
  };
  return passed(minibatch) > passed(minibatch - 1);
};

/** Whole intervals passed; the smallest share is added since 0.3 / 0.1 is 2.9999999999999996 in floating point. */
const intervals = (passed: number): number => Math.floor(passed + 1e-9);
