/** When a message that could not be delivered is tried again. */

export interface RetrySchedule {
  /** Before the second try. */
  firstMs: number;
  /** From one try to the next. */
  factor: number;
  /** At most between two. */
  longestMs: number;
  tries: number;
}

/** Ten seconds, then three times as long each, six hours at most: twelve tries over 27 hours. */
export const RETRIES: RetrySchedule = {
  firstMs: 10_000,
  factor: 3,
  longestMs: 6 * 3_600_000,
  tries: 12,
};

/**
 * Null after the last try. A fifth more or less, at random: what failed together does not come back together.
 *
 * @param failures tries that failed, this one included
 * @param random in [0, 1)
 */
export const retryMs = (
  { firstMs, factor, longestMs, tries }: RetrySchedule,
  { failures, askedMs, random }: { failures: number; askedMs: number; random: number },
): number | null => {
  if (failures >= tries) return null;
  const plannedMs = Math.min(longestMs, firstMs * factor ** (failures - 1)) * (0.8 + 0.4 * random);
  // A receiver may ask for more time, though not for ever.
  return Math.max(plannedMs, Math.min(askedMs, longestMs));
};
