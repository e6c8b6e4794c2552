import { describe, expect, test } from "vitest";
import { Generator } from "../random/generator.js";
import { createDataset } from "./dataset.js";
import { IMAGE_PIXELS, type IdxDataset } from "./idx.js";

const generated = (count: number, seed: number): IdxDataset => {
  const generator = Generator.seeded(seed, "probes");
  return {
    count,
    images: Uint8Array.from({ length: count * IMAGE_PIXELS }, () => generator.below(256)),
    labels: Uint8Array.from({ length: count }, (_, index) => index % 10),
  };
};

const files = { train: generated(30, 1), test: generated(12, 2) };
const spec = {
  dataset: "mnist",
  trainSize: 20,
  validationSize: 5,
  testSize: 7,
  standardise: true,
} as const;

describe("a data set", () => {
  test("trains on the first images, validates on the last, and tests on the first of the test file", () => {
    const { train, validation, test } = createDataset(files, spec);
    expect([train.count, validation.count, test.count]).toEqual([20, 5, 7]);
    expect(train.inputs).toEqual(files.train.images.subarray(0, 20 * IMAGE_PIXELS));
    expect(validation.inputs).toEqual(files.train.images.subarray(25 * IMAGE_PIXELS));
    expect(test.inputs).toEqual(files.test.images.subarray(0, 7 * IMAGE_PIXELS));
    expect([...validation.targets.subarray(0, 10)]).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  test("keeps the pixels as bytes, without a copy", () => {
    const { train } = createDataset(files, spec);
    expect(train.inputs).toBeInstanceOf(Uint8Array);
    expect(train.inputs.buffer).toBe(files.train.images.buffer);
  });

  test("standardised, the training pixels have mean 0 and deviation 1, to 1e-12", () => {
    const { train, test } = createDataset(files, spec);
    const values = Array.from(train.inputs, (raw) => train.inputScale * raw + train.inputOffset);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(1e-12);
    expect(Math.abs(square - 1)).toBeLessThan(1e-12);
    // The test images are scaled by the training images' moments, not by their own.
    expect([test.inputScale, test.inputOffset]).toEqual([train.inputScale, train.inputOffset]);
  });

  test("otherwise the pixels lie between 0 and 1", () => {
    const { train } = createDataset(files, { ...spec, standardise: false });
    expect(255 * train.inputScale + train.inputOffset).toBe(1);
    expect(train.inputOffset).toBe(0);
  });

  test("images of one colour become finite inputs", () => {
    const flat = { ...files.train, images: files.train.images.map(() => 9) };
    const { train } = createDataset({ ...files, train: flat }, spec);
    expect(train.inputScale * 9 + train.inputOffset).toBe(0);
  });

  test("without validation images the validation set is empty", () => {
    expect(createDataset(files, { ...spec, validationSize: 0 }).validation.count).toBe(0);
  });

  test.each([
    [{ trainSize: 26 }, "training"],
    [{ testSize: 13 }, "test"],
  ])("refuses a spec that asks for more images than there are: %o", (sizes, split) => {
    expect(() => createDataset(files, { ...spec, ...sizes })).toThrowError(
      expect.objectContaining({
        code: "dataset_too_small",
        message: expect.stringContaining(split),
      }),
    );
  });
});
