import { describe, expect, test } from "vitest";
import { Minibatches } from "./minibatches.js";

const options = { count: 10, batchSize: 4 };

const take = (minibatches: Minibatches, count: number): number[][] =>
  Array.from({ length: count }, () => [...minibatches.next()]);

describe("minibatches", () => {
  test("cover every example once an epoch and keep the short last one", () => {
    const minibatches = Minibatches.seeded(options, 1);
    for (let epoch = 0; epoch < 3; epoch++) {
      const taken = take(minibatches, 3);
      expect(taken.map((indices) => indices.length)).toEqual([4, 4, 2]);
      expect(taken.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  test("are shuffled anew each epoch, by the seed alone", () => {
    const [first, again, other] = [1, 1, 2].map((seed) =>
      take(Minibatches.seeded(options, seed), 6),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first.slice(0, 3)).not.toEqual(first.slice(3));
  });

  test("go on exactly from a saved cursor, wherever it was saved", () => {
    for (let cut = 0; cut <= 7; cut++) {
      const original = Minibatches.seeded(options, 3);
      take(original, cut);
      const saved = JSON.parse(JSON.stringify(original.cursor()));
      const resumed = Minibatches.resumed(options, saved);
      expect(take(resumed, 8), `cut after ${cut}`).toEqual(take(original, 8));
      expect(resumed.cursor()).toEqual(original.cursor());
    }
  });
});
