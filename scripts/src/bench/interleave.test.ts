import { expect, test } from "vitest";
import { interleave, orderOfRound } from "./interleave.js";

test("each round gives everything one turn, and begins one further than the last", () => {
  expect([0, 1, 2, 3].map((round) => orderOfRound(3, round))).toEqual([
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
    [0, 1, 2],
  ]);
});

test("turns of one round come before those of the next, one at a time", async () => {
  const turns: [number, number][] = [];
  let running = 0;
  const results = await interleave({ count: 2, rounds: 3 }, async (index, round) => {
    running += 1;
    expect(running).toBe(1);
    await Promise.resolve();
    turns.push([round, index]);
    running -= 1;
    return 10 * round + index;
  });
  expect(turns).toEqual([
    [0, 0],
    [0, 1],
    [1, 1],
    [1, 0],
    [2, 0],
    [2, 1],
  ]);
  expect(results).toEqual([
    [0, 10, 20],
    [1, 11, 21],
  ]);
});

test("what answers null has no further turn", async () => {
  const asked: number[] = [];
  const results = await interleave({ count: 2, rounds: 3 }, async (index, round) => {
    asked.push(index);
    return index === 1 && round > 0 ? null : round;
  });
  expect(asked.filter((index) => index === 1)).toHaveLength(2);
  expect(results).toEqual([[0, 1, 2], [0]]);
});
