import { expect, test } from "vitest";
import { generationFrom, generationOf } from "./generations.js";

test("generations follow each other without gap, the last as long as runs are left", () => {
  for (const sizes of [
    { samples: 23, startup: 10, atATime: 4 },
    { samples: 3, startup: 10, atATime: 4 },
    { samples: 11, startup: 1, atATime: 5 },
  ]) {
    const all: number[] = [];
    for (let generation = 0; ; generation++) {
      const indices = generationFrom(all.length, sizes);
      if (indices.length === 0) break;
      expect(indices.map((index) => generationOf(index, sizes))).toEqual(
        indices.map(() => generation),
      );
      all.push(...indices);
    }
    expect(all).toEqual(Array.from({ length: sizes.samples }, (_, index) => index));
  }
});
