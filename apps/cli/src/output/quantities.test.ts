import { describe, expect, test } from "vitest";
import { ago, cell, duration, number, percent } from "./quantities.js";

describe("duration", () => {
  test.each([
    [0, "0.0 s"],
    [9.94, "9.9 s"],
    [9.96, "10 s"],
    [59.6, "1 min"],
    [200, "3 min 20 s"],
    [3599.6, "1 h"],
    [7500, "2 h 5 min"],
    [86_399, "1 d"],
    [100_000, "1 d 4 h"],
  ])("%d seconds are %s", (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });

  test("none is a dash", () => {
    expect(duration(null)).toBe("-");
  });
});

test("how long ago a time is; a clock ahead of the lab's counts as now", () => {
  const nowMs = Date.parse("2026-01-01T00:10:00Z");
  expect(ago("2026-01-01T00:00:00.000Z", nowMs)).toBe("10 min");
  expect(ago("2026-01-01T00:10:05.000Z", nowMs)).toBe("0.0 s");
  expect(ago(null, nowMs)).toBe("-");
});

test("numbers and shares", () => {
  expect(percent(0.8333)).toBe("83.3 %");
  expect(percent(undefined)).toBe("-");
  expect(number(0.000012345678)).toBe("0.000012346");
  expect(cell(["a", 1])).toBe('["a",1]');
  expect(cell(null)).toBe("-");
});
