import { expect, test } from "vitest";
import { createThreadShares, shareThreads } from "./threadShares.js";

test.each([
  [8, 1, [8]],
  [8, 2, [4, 4]],
  [8, 3, [3, 3, 2]],
  [8, 5, [2, 2, 2, 1, 1]],
  [2, 2, [1, 1]],
  [2, 3, [1, 1, 1]],
  [1, 4, [1, 1, 1, 1]],
  [4, 0, []],
])("%i threads for %i runs are %j", (threads, running, shares) => {
  expect(shareThreads(threads, running)).toEqual(shares);
});

test("no thread is left idle and none is given twice, while there are as many as runs", () => {
  for (let threads = 1; threads <= 64; threads++) {
    for (let running = 1; running <= threads; running++) {
      const shares = shareThreads(threads, running);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(threads);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    }
  }
});

test("runs hear of their share as others begin and end, and only when it changes", () => {
  const shares = createThreadShares(4);
  const heard: string[] = [];
  const join = (name: string) => shares.join((threads) => heard.push(`${name} ${threads}`));
  const told = () => heard.splice(0);

  const endA = join("a");
  expect(told()).toEqual(["a 4"]);
  const endB = join("b");
  expect(told()).toEqual(["a 2", "b 2"]);
  const endC = join("c");
  expect(told()).toEqual(["b 1", "c 1"]);
  endA();
  expect(told()).toEqual(["b 2", "c 2"]);
  endC();
  expect(told()).toEqual(["b 4"]);
  endC();
  expect(told()).toEqual([]);
  endB();
  join("d");
  expect(told()).toEqual(["d 4"]);
});
