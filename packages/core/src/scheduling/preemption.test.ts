import { expect, test } from "vitest";
import { type PreemptibleWork, choosePreempted } from "./preemption.js";

const work = (
  id: string,
  elapsedSeconds: number,
  extra: Partial<PreemptibleWork> = {},
): PreemptibleWork => ({
  id,
  priorityClass: "scavenger",
  slots: 1,
  elapsedSeconds,
  isPreempted: false,
  ...extra,
});
const wants = (slotsEach: number, priorityClass: "urgent" | "normal" | "scavenger" = "normal") => ({
  slotsEach,
  priorityClass,
});

test("as little scavenger work as serves gives its slots up, the youngest first", () => {
  const running = [work("old", 900), work("young", 5), work("middle", 60)];
  expect(choosePreempted(wants(1), 0, running)).toEqual(["young"]);
  expect(choosePreempted(wants(2, "urgent"), 0, running)).toEqual(["young", "middle"]);
  expect(choosePreempted(wants(2), 1, running)).toEqual(["young"]);
});

test("nothing does where a slot is free, where it would not serve, and for scavenger work", () => {
  const running = [work("one", 5)];
  expect(choosePreempted(wants(1), 1, running)).toEqual([]);
  expect(choosePreempted(wants(3), 0, running)).toEqual([]);
  expect(choosePreempted(wants(1, "scavenger"), 0, running)).toEqual([]);
  expect(choosePreempted(null, 0, running)).toEqual([]);
});

test("work of another class is left alone, and slots that are on their way count", () => {
  expect(
    choosePreempted(wants(1, "urgent"), 0, [work("n", 1, { priorityClass: "normal" })]),
  ).toEqual([]);
  const asked = [work("asked", 5, { isPreempted: true }), work("other", 9)];
  expect(choosePreempted(wants(1), 0, asked)).toEqual([]);
  expect(choosePreempted(wants(2), 0, asked)).toEqual(["other"]);
});
