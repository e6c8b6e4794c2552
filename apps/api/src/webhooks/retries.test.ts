import { expect, test } from "vitest";
import { RETRIES, retryMs } from "./retries.js";

const delays = (random: number): number[] =>
  Array.from({ length: RETRIES.tries - 1 }, (_, index) =>
    Number(retryMs(RETRIES, { failures: index + 1, askedMs: 0, random })),
  );

test("tries are spread over a day and a bit, then there is none", () => {
  const hours = (random: number): number =>
    delays(random).reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  expect(hours(0)).toBeGreaterThan(20);
  expect(hours(0.5)).toBeCloseTo(27, 0);
  expect(hours(1)).toBeLessThan(33);
  expect(retryMs(RETRIES, { failures: RETRIES.tries, askedMs: 0, random: 0 })).toBeNull();
});

test("each waits about three times as long as the one before, a fifth more or less, six hours at most", () => {
  expect(delays(0.5).slice(0, 3)).toEqual([10_000, 30_000, 90_000]);
  expect(delays(0)[0]).toBe(8_000);
  expect(Math.max(...delays(0.5))).toBe(6 * 3_600_000);
});

test("a receiver may ask for more time, but not for ever", () => {
  const asking = (askedMs: number) => retryMs(RETRIES, { failures: 1, askedMs, random: 0.5 });
  expect(asking(1_000)).toBe(10_000);
  expect(asking(120_000)).toBe(120_000);
  expect(asking(1e12)).toBe(RETRIES.longestMs);
});
