/**
 * A user who was idle has used little, and would be first for as long as the others took to use what they did: the credit
 * that an idle time earns is bounded by some minutes of the whole lab.
 */

/** Of all slots: how far behind the heaviest user at work a user may begin. */
export const ARRIVAL_CREDIT_SECONDS = 600;

export interface ArrivingUser {
  weight: number;
  usedSlotSeconds: number;
}

/** The slot-seconds that count as used when a user's work arrives: at least its own. */
export const usageOnArrival = (
  arriving: ArrivingUser,
  atWork: readonly ArrivingUser[],
  totalSlots: number,
): number => {
  const heaviest = Math.max(
    0,
    ...atWork.map(({ usedSlotSeconds, weight }) => usedSlotSeconds / weight),
  );
  const floor = (heaviest - ARRIVAL_CREDIT_SECONDS * totalSlots) * arriving.weight;
  return Math.max(arriving.usedSlotSeconds, floor);
};
