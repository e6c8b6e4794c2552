import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import { FairLine } from "./fairLine.js";
import { PRIORITY_CLASSES } from "./priorityClass.js";
import {
  type SimulatedLab,
  type SimulatedSweep,
  lineGroup,
  lineUser,
  simulateLine,
  slotSecondsOf,
} from "./simulateLine.js";

/** The share of the first user in what two used until a time at which both still have work. */
const shareOfFirst = (lab: SimulatedLab & { until: number }): number => {
  const starts = simulateLine(lab);
  const [first = 0, second = 0] = lab.users.map(({ id }) => slotSecondsOf(starts, id, lab.until));
  return first / (first + second);
};

describe("two users with work for a long time", () => {
  test.each([1, 2, 3, 4, 7, 12])(
    "share %d slots equally, with runs five times as long",
    (totalSlots) => {
      const share = shareOfFirst({
        totalSlots,
        users: [{ id: "ada" }, { id: "ben" }],
        sweeps: [
          { userId: "ada", count: 100_000, seconds: 60 },
          { userId: "ben", count: 100_000, seconds: 300 },
        ],
        until: 40_000,
      });
      expect(share).toBeGreaterThan(0.45);
      expect(share).toBeLessThan(0.55);
    },
  );

  test.each([1, 2, 3, 4, 8, 12])("share %d slots three to one by weight", (totalSlots) => {
    const share = shareOfFirst({
      totalSlots,
      users: [{ id: "ada", weight: 3 }, { id: "ben" }],
      sweeps: [
        { userId: "ada", count: 100_000, seconds: 60 },
        { userId: "ben", count: 100_000, seconds: 120 },
      ],
      until: 40_000,
    });
    expect(share / (1 - share)).toBeGreaterThan(2.7);
    expect(share / (1 - share)).toBeLessThan(3.3);
  });
});

test("a newcomer with one run starts on the next freed slot; the others go on sharing equally", () => {
  // 500 runs of 60 s, 40 of 300 s, and one of 120 s that comes when all slots are held.
  const starts = simulateLine({
    totalSlots: 4,
    users: [{ id: "a" }, { id: "b" }, { id: "c" }],
    sweeps: [
      { userId: "a", count: 500, seconds: 60 },
      { userId: "b", count: 40, seconds: 300 },
      { userId: "c", count: 1, seconds: 120, comesAt: 1000 },
    ],
    until: 3000,
  });
  const [newcomer] = starts.filter(({ userId }) => userId === "c");
  const after = starts.filter(({ at }) => at >= 1000);
  expect(after[0]).toBe(newcomer);
  const [a, b] = ["a", "b"].map((id) => slotSecondsOf(starts, id, 3000));
  expect(Math.abs(a - b) / (a + b)).toBeLessThan(0.1);
});

test("what an idle time earns is bounded: who comes back does not hold the lab for as long as the others did", () => {
  const share = (from: number, to: number): number => {
    const starts = simulateLine({
      totalSlots: 1,
      users: [{ id: "busy" }, { id: "idle" }],
      sweeps: [
        { userId: "busy", count: 100_000, seconds: 60 },
        { userId: "idle", count: 100_000, seconds: 60, comesAt: 80_000 },
      ],
      until: to,
    });
    return slotSecondsOf(
      starts.filter(({ at }) => at >= from),
      "busy",
      to,
    );
  };
  // Ten minutes of the lab at most, then half of it.
  expect(share(80_000, 81_000)).toBeGreaterThan(0);
  expect(share(80_000, 84_000) / 4000).toBeGreaterThan(0.4);
});

const orderOf = (sweeps: readonly SimulatedSweep[], users = ["ada", "ben"]): string[] =>
  simulateLine({ totalSlots: 1, users: users.map((id) => ({ id })), sweeps }).map(
    ({ groupId }) => groupId,
  );

describe("a decision", () => {
  test("takes all of a class before any of the next", () => {
    const order = orderOf([
      { userId: "ada", count: 2, seconds: 1, priorityClass: "scavenger" },
      { userId: "ben", count: 2, seconds: 1, priorityClass: "normal" },
      { userId: "ada", count: 2, seconds: 1, priorityClass: "urgent" },
    ]);
    expect(order).toEqual(["g2", "g2", "g1", "g1", "g0", "g0"]);
  });

  test("takes a user's own work by priority, then its sweeps in turn, then by age", () => {
    const order = orderOf([
      { userId: "ada", count: 2, seconds: 1 },
      { userId: "ada", count: 2, seconds: 1 },
      { userId: "ada", count: 1, seconds: 1, priority: 5 },
    ]);
    expect(order).toEqual(["g2", "g0", "g1", "g0", "g1"]);
  });

  test("gives nobody more than a hard limit, and beyond a soft limit only what others leave", () => {
    const starts = simulateLine({
      totalSlots: 4,
      users: [{ id: "ada", hardLimit: 1 }, { id: "ben", softLimit: 2 }, { id: "cleo" }],
      sweeps: [
        { userId: "ada", count: 4, seconds: 10 },
        { userId: "ben", count: 9, seconds: 10 },
        { userId: "cleo", count: 1, seconds: 10 },
      ],
    });
    const startedAt = (time: number, id: string) =>
      starts.filter(({ at, userId }) => at === time && userId === id).length;
    expect([startedAt(0, "ada"), startedAt(0, "ben"), startedAt(0, "cleo")]).toEqual([1, 2, 1]);
    // Nobody else wants the others.
    expect([startedAt(10, "ada"), startedAt(10, "ben")]).toEqual([1, 3]);
  });

  test("waits for slots that the first in line needs together, and lets nothing pass it", () => {
    const starts = simulateLine({
      totalSlots: 2,
      users: [{ id: "ada" }, { id: "ben" }],
      sweeps: [
        { userId: "ada", count: 3, seconds: 10 },
        { userId: "ben", count: 1, seconds: 10, slotsEach: 2, comesAt: 1 },
      ],
    });
    expect(starts.map(({ userId, at }) => [userId, at])).toEqual([
      ["ada", 0],
      ["ada", 0],
      ["ben", 10],
      ["ada", 20],
    ]);
  });

  test("is none where nothing waits, and where only limits of 0 are", () => {
    const state = { totalSlots: 1, running: [], users: [lineUser({ id: "ada", hardLimit: 0 })] };
    expect(new FairLine({ ...state, groups: [] }).next(0)).toBeNull();
    const groups = [lineGroup({ userId: "ada", count: 1, seconds: 1 }, 0)];
    expect(new FairLine({ ...state, groups }).next(0)).toBeNull();
  });
});

test("of 10,000 workloads nobody starves: everything starts, and no slot stands idle while work waits", () => {
  for (let seed = 0; seed < 10_000; seed++) {
    const random = Generator.seeded(seed, "search");
    const upTo = (most: number): number => 1 + Math.floor(random.uniform() * most);
    const users = Array.from({ length: upTo(4) }, (_, index) => ({
      id: `u${index}`,
      weight: upTo(3),
      usedSlotSeconds: random.uniform() < 0.3 ? upTo(100_000) : 0,
      softLimit: random.uniform() < 0.2 ? upTo(3) : null,
      hardLimit: random.uniform() < 0.2 ? upTo(3) : null,
    }));
    const totalSlots = upTo(5);
    const sweeps = Array.from({ length: upTo(5) }, (): SimulatedSweep => {
      const user = users[upTo(users.length) - 1];
      const most = Math.min(totalSlots, user.hardLimit ?? totalSlots);
      return {
        userId: user.id,
        comesAt: Math.floor(random.uniform() * 500),
        count: upTo(6),
        seconds: upTo(300),
        priorityClass: PRIORITY_CLASSES[upTo(3) - 1],
        priority: upTo(3),
        slotsEach: random.uniform() < 0.15 ? most : 1,
      };
    });
    const starts = simulateLine({ totalSlots, users, sweeps });
    const wanted = sweeps.reduce((sum, { count }) => sum + count, 0);
    expect(starts.length, `seed ${seed}`).toBe(wanted);
    for (const { at } of starts) {
      const held = starts
        .filter((one) => one.at <= at && at < one.at + one.seconds)
        .reduce((sum, { slots }) => sum + slots, 0);
      expect(held, `seed ${seed} at ${at}`).toBeLessThanOrEqual(totalSlots);
    }
  }
});
