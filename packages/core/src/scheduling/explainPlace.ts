/** Why work waits, in one sentence that a person understands. */
import type { PriorityClass } from "./priorityClass.js";

export interface PlaceFacts {
  /** 1 for the next; null beyond what was run forward. */
  position: number | null;
  priorityClass: PriorityClass;
  /** What starts before it: of the same user, and of others. */
  ownAhead: number;
  othersAhead: number;
  /** Whether some of it is of a higher class. */
  higherClassAhead: boolean;
  totalSlots: number;
  /** Slots that the user holds, is due by weight, and may hold at most. */
  slotsInUse: number;
  entitlement: number;
  hardLimit: number | null;
  /** Until it starts; null when nothing was measured. */
  startSeconds: number | null;
}

export const explainPlace = (facts: PlaceFacts): string => {
  const { totalSlots, slotsInUse, hardLimit, position, ownAhead, othersAhead } = facts;
  if (totalSlots === 0) {
    return "It waits for a worker: none that takes work is connected; `npm start`, or a worker on another host, brings one.";
  }
  if (hardLimit !== null && slotsInUse >= hardLimit && ownAhead === 0) {
    return `It waits for your own work to end: you hold ${slotsInUse} of the ${plural(hardLimit, "slot")} that you may hold at a time${startIn(facts)}.`;
  }
  if (position === 1) return `It is next: it starts on the next free slot${startIn(facts)}.`;
  const place =
    position === null ? "It is far back in the line" : `It is ${ordinal(position)} in line`;
  const ahead = [
    ...(ownAhead > 0 ? [`${ownAhead} of your own`] : []),
    ...(othersAhead > 0 ? [`${othersAhead} of others`] : []),
  ];
  const first =
    ahead.length === 0
      ? ""
      : `: ${ahead.join(" and ")} come${ownAhead + othersAhead === 1 ? "s" : ""} first, ${reasonOf(facts)}`;
  return `${place}${first}${startIn(facts)}.`;
};

const reasonOf = ({
  higherClassAhead,
  othersAhead,
  priorityClass,
  slotsInUse,
  entitlement,
  totalSlots,
}: PlaceFacts): string => {
  if (higherClassAhead) return `since work of a higher class comes before ${priorityClass} work`;
  if (othersAhead === 0)
    return "being older, of a higher priority of yours, or of your sweep whose turn it is";
  return `since you hold ${slotsInUse} of ${plural(totalSlots, "slot")}, your share at present is ${entitlement}, and whoever has used less comes first`;
};

const startIn = ({ startSeconds }: PlaceFacts): string => {
  if (startSeconds === null) return "; when, cannot be told before some run has ended here";
  if (startSeconds < 5) return "; it should start at once";
  return `; it should start in about ${roughly(startSeconds)}`;
};

const roughly = (seconds: number): string => {
  if (seconds < 90) return plural(Math.round(seconds), "second");
  if (seconds < 90 * 60) return plural(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), "hour");
  return plural(Math.round(seconds / 86_400), "day");
};

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const ordinal = (place: number): string => {
  const teen = place % 100 >= 11 && place % 100 <= 13;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${ending}`;
};
