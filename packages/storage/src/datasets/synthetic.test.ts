import { describe, expect, it } from "vitest";
import type { IdxDataset } from "@pclab/core";
import { syntheticDataset } from "./synthetic.js";

const generate = (train: number, seed = 7) => syntheticDataset({ train, test: 200, seed });

/** Mean pixel of each class over the data set, [10 x 784]. */
function classMeans({ count, images, labels }: IdxDataset): Float64Array[] {
  const means = Array.from({ length: 10 }, () => new Float64Array(784));
  for (let i = 0; i < count; i++) {
    const mean = means[labels[i] ?? -1];
    for (let p = 0; p < 784; p++) mean[p] += (images[i * 784 + p] * 10) / count;
  }
  return means;
}

describe("the synthetic data set", () => {
  it("is the same for the same seed, and another one for another seed or split", () => {
    const { train, test } = generate(200);
    expect(generate(200)).toEqual({ train, test });
    expect(train.images).not.toEqual(generate(200, 8).train.images);
    expect(train.images).not.toEqual(test.images);
  });

  it("is balanced in every run of ten, and not in one fixed order", () => {
    const { labels } = generate(50).train;
    const runs = [0, 10, 20, 30, 40].map((start) => [...labels.subarray(start, start + 10)]);
    for (const run of runs)
      expect(run.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(runs.map(String)).size).toBeGreaterThan(1);
  });

  it("is learnable: the nearest class mean of 500 training images names 95 % of 200 test images", () => {
    const { train, test } = generate(500);
    const means = classMeans(train);
    let correct = 0;
    for (let i = 0; i < test.count; i++) {
      const distances = means.map((mean) =>
        mean.reduce((sum, value, p) => sum + (value - test.images[i * 784 + p]) ** 2, 0),
      );
      if (distances.indexOf(Math.min(...distances)) === test.labels[i]) correct++;
    }
    expect(correct).toBeGreaterThanOrEqual(190);
  });

  it("is noisy: two images of one class differ", () => {
    const { images, labels } = generate(40).train;
    const [first = -1, second = -1] = [...labels.keys()].filter((i) => labels[i] === 3);
    const image = (i: number) => images.slice(i * 784, (i + 1) * 784);
    expect(image(first)).not.toEqual(image(second));
  });
});
