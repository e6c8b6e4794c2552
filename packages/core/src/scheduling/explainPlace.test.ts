import { expect, test } from "vitest";
import { type PlaceFacts, explainPlace } from "./explainPlace.js";

const facts = (extra: Partial<PlaceFacts> = {}): PlaceFacts => ({
  position: 3,
  priorityClass: "normal",
  ownAhead: 1,
  othersAhead: 1,
  higherClassAhead: false,
  totalSlots: 4,
  slotsInUse: 2,
  entitlement: 2,
  hardLimit: null,
  startSeconds: 700,
  ...extra,
});

test.each<[string, Partial<PlaceFacts>, string]>([
  [
    "its place, who is before it and why, and when it should start",
    {},
    "It is 3rd in line: 1 of your own and 1 of others come first, since you hold 2 of 4 slots, your share at present is 2, and whoever has used less comes first; it should start in about 12 minutes.",
  ],
  [
    "that it is next",
    { position: 1, startSeconds: 45 },
    "It is next: it starts on the next free slot; it should start in about 45 seconds.",
  ],
  [
    "that no worker is there",
    { totalSlots: 0 },
    "It waits for a worker: none that takes work is connected; `npm start`, or a worker on another host, brings one.",
  ],
  [
    "that a hard limit is reached",
    { hardLimit: 2, ownAhead: 0, startSeconds: null },
    "It waits for your own work to end: you hold 2 of the 2 slots that you may hold at a time; when, cannot be told before some run has ended here.",
  ],
  [
    "that one's own other work is first",
    { othersAhead: 0, position: 2, startSeconds: 7_200 },
    "It is 2nd in line: 1 of your own comes first, being older, of a higher priority of yours, or of your sweep whose turn it is; it should start in about 2 hours.",
  ],
  [
    "that a higher class is first",
    {
      higherClassAhead: true,
      priorityClass: "scavenger",
      position: 12,
      ownAhead: 0,
      othersAhead: 11,
      startSeconds: 2,
    },
    "It is 12th in line: 11 of others come first, since work of a higher class comes before scavenger work; it should start at once.",
  ],
])("says %s", (_, extra, sentence) => {
  expect(explainPlace(facts(extra))).toBe(sentence);
});
