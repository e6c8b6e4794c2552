import { expect, test } from "vitest";
import { scheduleFactor } from "./schedule.js";

const warmupCosine = (warmup: number, final: number) => ({ warmupCosine: { warmup, final } });

test("constant leaves the rate alone", () => {
  expect([0, 5, 99].map((update) => scheduleFactor("constant", update, 100))).toEqual([1, 1, 1]);
});

test("the warm-up rises linearly over its share of the updates", () => {
  const factors = [0, 4, 9].map((update) => scheduleFactor(warmupCosine(0.1, 0), update, 100));
  expect(factors).toEqual([0.1, 0.5, 1]);
});

test("the cosine passes the middle of its range half-way and ends at the final share", () => {
  const schedule = warmupCosine(0.2, 0.1);
  expect(scheduleFactor(schedule, 59, 100)).toBeCloseTo(0.55, 12);
  expect(scheduleFactor(schedule, 99, 100)).toBeCloseTo(0.1, 12);
  expect(scheduleFactor(schedule, 150, 100)).toBeCloseTo(0.1, 12);
});

test("every share from 0 to 1 gives a finite factor at every update", () => {
  for (const warmup of [0, 0.5, 1]) {
    for (let update = 0; update < 7; update++) {
      const factor = scheduleFactor(warmupCosine(warmup, 0), update, 7);
      expect(factor).toBeGreaterThanOrEqual(0);
      expect(factor).toBeLessThanOrEqual(1);
    }
  }
});
