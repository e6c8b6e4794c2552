import { expect, test } from "vitest";
import { type BestSoFar, betterOf } from "./bestSoFar.js";
import type { MetricRow } from "./events.js";

const rows = (accuracy: number, loss: number, test = 0): MetricRow[] => [
  { weightUpdate: 1, name: "test_accuracy", layer: null, value: test },
  { weightUpdate: 1, name: "validation_accuracy", layer: null, value: accuracy },
  { weightUpdate: 1, name: "validation_loss", layer: null, value: loss },
];
const best: BestSoFar = { minibatches: 3, accuracy: 0.5, loss: 0.2 };

test("the best is of the higher validation accuracy, then of the lower loss, then the earlier", () => {
  expect(betterOf(null, rows(0.1, 9), 1)).toEqual({ minibatches: 1, accuracy: 0.1, loss: 9 });
  expect(betterOf(best, rows(0.6, 9), 4)?.minibatches).toBe(4);
  expect(betterOf(best, rows(0.5, 0.1), 4)?.minibatches).toBe(4);
  expect(betterOf(best, rows(0.5, 0.2), 4)).toBe(best);
  expect(betterOf(best, rows(0.5, 0.3), 4)).toBe(best);
});

test("test metrics have no say, and without validation nothing is best", () => {
  expect(betterOf(best, rows(0.4, 0.1, 1), 4)).toBe(best);
  expect(betterOf(null, rows(0.4, 0.1).slice(0, 1), 4)).toBeNull();
});
