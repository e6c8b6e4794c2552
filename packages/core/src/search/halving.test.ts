import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import {
  type Halving,
  type RungEntry,
  decideRung,
  expectedShare,
  keptCount,
  rungAfter,
  rungBefore,
  rungsOf,
} from "./halving.js";

const HALVING: Halving = { metric: "validation_accuracy", minEpochs: 1, reductionFactor: 3 };

const entries = (values: (number | null)[], generation = 0): RungEntry[] =>
  values.map((value, index) => ({ index, generation, value, isWaiting: value !== null }));

test("rungs lie a factor apart, below the run's end", () => {
  expect(rungsOf(HALVING, 10)).toEqual([1, 3, 9]);
  expect(rungsOf(HALVING, 9)).toEqual([1, 3]);
  expect(rungsOf({ ...HALVING, minEpochs: 2, reductionFactor: 4 }, 100)).toEqual([2, 8, 32]);
  expect(rungsOf(HALVING, 1)).toEqual([]);
  expect(rungAfter(HALVING, 3, 10)).toBe(9);
  expect(rungAfter(HALVING, 9, 10)).toBeNull();
  expect([1, 3, 9].map((rung) => rungBefore(HALVING, rung))).toEqual([0, 1, 3]);
});

describe("a rung", () => {
  test("keeps one in so many, the best by the metric, in the direction in which it is better", () => {
    const values = [0.5, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3];
    expect(decideRung(HALVING, entries(values))).toEqual({
      promoted: [1, 3],
      pruned: [0, 2, 4, 5, 6],
    });
    const byLoss: Halving = { ...HALVING, metric: "validation_loss" };
    expect(decideRung(byLoss, entries(values)).promoted).toEqual([2, 4]);
  });

  test("keeps at least the best, and of equals the earlier", () => {
    expect(decideRung(HALVING, entries([0.1, 0.2])).promoted).toEqual([1]);
    expect(decideRung(HALVING, entries([0.2, 0.2, 0.2])).promoted).toEqual([0]);
  });

  test("counts those that failed on the way among those that came, as the worst", () => {
    const { promoted, pruned } = decideRung(HALVING, entries([null, null, 0.1, null, 0.2, null]));
    expect(promoted).toEqual([2, 4]);
    expect(pruned).toEqual([]);
  });

  test("compares a generation with those before it, and never with a later one", () => {
    const before = entries([0.9, 0.8, 0.7]).map((entry) => ({ ...entry, isWaiting: false }));
    const now = [0.6, 0.85, 0.1].map(
      (value, at): RungEntry => ({ index: 3 + at, generation: 1, value, isWaiting: true }),
    );
    const later: RungEntry = { index: 6, generation: 2, value: 1, isWaiting: false };
    // The best two of six: of this generation only 0.85 is among them.
    expect(decideRung(HALVING, [...before, ...now, later])).toEqual({
      promoted: [4],
      pruned: [3, 5],
    });
  });

  test("decides the same in whatever order its runs are listed", () => {
    const generator = Generator.seeded(4, "search");
    const all = entries(Array.from({ length: 50 }, () => Math.round(generator.uniform() * 10)));
    const expected = decideRung(HALVING, all);
    for (let round = 0; round < 20; round++) {
      const shuffled = Array.from(generator.permutation(50), (index) => all[index]);
      const decision = decideRung(HALVING, shuffled);
      expect(new Set(decision.promoted)).toEqual(new Set(expected.promoted));
    }
    expect(expected.promoted).toHaveLength(16);
  });
});

test("of curves that cross late, halving keeps what is best at each rung and trains the rest no further", () => {
  // Run i comes to quality i in the end; the slow ones begin worst.
  const curve = (run: number, epoch: number): number => run * (1 - Math.exp(-epoch));
  const epochs = 27;
  let alive = Array.from({ length: 27 }, (_, run) => run);
  const trained = new Map<number, number>();
  for (const rung of rungsOf(HALVING, epochs)) {
    const values = alive.map(
      (run): RungEntry => ({
        index: run,
        generation: 0,
        value: curve(run, rung),
        isWaiting: true,
      }),
    );
    for (const run of alive) trained.set(run, rung);
    alive = decideRung(HALVING, values).promoted;
  }
  expect(alive).toEqual([26]);
  for (const run of alive) trained.set(run, epochs);
  const counts = [1, 3, 9, 27].map(
    (rung) => [...trained.values()].filter((epoch) => epoch === rung).length,
  );
  expect(counts).toEqual([18, 6, 2, 1]);
  const total = [...trained.values()].reduce((sum, epoch) => sum + epoch, 0);
  expect(expectedShare(HALVING, epochs, 27)).toBeCloseTo(total / (27 * epochs), 12);
});

test("what halving is forecast to spend is all of it where nothing is compared", () => {
  expect(expectedShare(HALVING, 1, 9)).toBe(1);
  expect(keptCount(2, 3)).toBe(1);
});
