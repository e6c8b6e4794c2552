import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import { cautiousStart, forecastStarts } from "./forecastStarts.js";
import type { LineState } from "./line.js";
import { type SimulatedSweep, lineGroup, lineUser, simulateLine } from "./simulateLine.js";

const forecast = (state: LineState, most?: number) => {
  const steps = forecastStarts(state, most);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

const users = [lineUser({ id: "ada" }), lineUser({ id: "ben" })];

describe("the forecast of starts", () => {
  test("is what happens where durations are as forecast and nothing more comes", () => {
    const sweeps: SimulatedSweep[] = [
      { userId: "ada", count: 30, seconds: 17 },
      { userId: "ben", count: 9, seconds: 60, priorityClass: "urgent" },
      { userId: "ben", count: 20, seconds: 5, slotsEach: 2 },
    ];
    const starts = simulateLine({ totalSlots: 3, users, sweeps });
    const found = forecast({ totalSlots: 3, users, groups: sweeps.map(lineGroup), running: [] });
    starts.forEach(({ groupId, rank, at }, index) => {
      expect(found.get(groupId)?.startSeconds[rank]).toBeCloseTo(at, 9);
      expect(found.get(groupId)?.positions[rank]).toBe(index + 1);
    });
  });

  test("waits for what runs, and says nothing of what will not start", () => {
    const groups = [lineGroup({ userId: "ada", count: 2, seconds: 10 }, 0)];
    const running = [{ userId: "ben", slots: 1, secondsLeft: 33 }];
    const busy = forecast({ totalSlots: 1, users, groups, running }).get("g0");
    expect([...(busy?.startSeconds ?? [])]).toEqual([33, 43]);
    const idle = forecast({ totalSlots: 0, users, groups, running: [] }).get("g0");
    expect([...(idle?.startSeconds ?? [])]).toEqual([Number.NaN, Number.NaN]);
    const bounded = forecast({ totalSlots: 1, users, groups, running: [] }, 1).get("g0");
    expect([...(bounded?.positions ?? [])]).toEqual([1, 0]);
  });

  test("leaves its caller's groups as they were", () => {
    const groups = [lineGroup({ userId: "ada", count: 2, seconds: 10 }, 0)];
    forecast({ totalSlots: 1, users, groups, running: [] });
    expect(groups[0].waiting).toBe(2);
  });
});

test("the cautious start has come in at least 80 % of the cases where durations err and others come later", () => {
  let covered = 0;
  let count = 0;
  for (let seed = 0; seed < 200; seed++) {
    const random = Generator.seeded(seed, "search");
    const upTo = (most: number): number => 1 + Math.floor(random.uniform() * most);
    const totalSlots = upTo(6);
    // Half as long to twice as long, in two thirds of the cases.
    const erring = (seconds: number): ((rank: number) => number) => {
      const factors = Array.from({ length: 40 }, () => Math.exp(0.5 * random.normal()));
      return (rank) => seconds * (factors[rank % 40] ?? 1);
    };
    const sweep = (comesAt: number): SimulatedSweep => {
      const seconds = 10 * upTo(30);
      const userId = users[upTo(2) - 1].id;
      return { userId, comesAt, count: upTo(40), seconds, trueSeconds: erring(seconds) };
    };
    const now = Array.from({ length: upTo(3) }, () => sweep(0));
    const later = Array.from({ length: upTo(3) - 1 }, () => sweep(50 * upTo(40)));
    const found = forecast({ totalSlots, users, groups: now.map(lineGroup), running: [] });
    for (const { groupId, rank, at } of simulateLine({
      totalSlots,
      users,
      sweeps: [...now, ...later],
    })) {
      const expected = found.get(groupId)?.startSeconds[rank];
      if (expected === undefined) continue;
      count += 1;
      covered += Number(at <= cautiousStart(expected, now[Number(groupId.slice(1))].seconds));
    }
  }
  expect(count).toBeGreaterThan(5_000);
  expect(covered / count).toBeGreaterThan(0.8);
});
