/** From decoded images and labels to the three example sets of a run. The pixels stay bytes, and are not copied. */
import type { ExampleSet } from "../engine/engine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { CLASS_COUNT, IMAGE_PIXELS, type IdxDataset } from "./idx.js";
import { DatasetError } from "./idxError.js";

/** The decoded files of a data set. */
export interface DatasetFiles {
  train: IdxDataset;
  test: IdxDataset;
}

export interface Dataset {
  /** The first `trainSize` images of the training file. */
  train: ExampleSet;
  /** The last `validationSize` images of the training file; may be empty. */
  validation: ExampleSet;
  /** The first `testSize` images of the test file. */
  test: ExampleSet;
}

export type DatasetSpec = Pick<
  ExperimentSpec,
  "dataset" | "trainSize" | "validationSize" | "testSize" | "standardise"
>;

/** @throws DatasetError dataset_too_small, when the files hold fewer images than the spec asks for */
export const createDataset = (files: DatasetFiles, spec: DatasetSpec): Dataset => {
  const { trainSize, validationSize, testSize } = spec;
  requireImages(spec, "training", files.train.count, trainSize + validationSize);
  requireImages(spec, "test", files.test.count, testSize);
  const scaling = spec.standardise
    ? standardisation(files.train.images.subarray(0, trainSize * IMAGE_PIXELS))
    : { inputScale: 1 / 255, inputOffset: 0 };
  return {
    train: examples(files.train, 0, trainSize, scaling),
    validation: examples(files.train, files.train.count - validationSize, validationSize, scaling),
    test: examples(files.test, 0, testSize, scaling),
  };
};

const requireImages = (
  spec: DatasetSpec,
  split: string,
  available: number,
  wanted: number,
): void => {
  if (available >= wanted) return;
  throw new DatasetError({
    code: "dataset_too_small",
    file: `${spec.dataset}, ${split} images`,
    value: `${available} images`,
    expected: `at least ${wanted}, as the spec's sizes ask for`,
    wayOut: "Lower train_size, validation_size or test_size, or use the whole data set.",
  });
};

interface Scaling {
  inputScale: number;
  inputOffset: number;
}

/** One mean and one standard deviation over all pixels of the training images, used for every split alike. */
const standardisation = (pixels: Uint8Array): Scaling => {
  // Sums of bytes and of their squares are integers below 2^53: exact, in any order.
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < pixels.length; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const mean = sum / pixels.length;
  const deviation = Math.sqrt(Math.max(0, squares / pixels.length - mean * mean));
  // Images of one colour have no deviation: they become zeros, not NaN.
  const inputScale = deviation > 0 ? 1 / deviation : 1;
  return { inputScale, inputOffset: -mean * inputScale };
};

const examples = (from: IdxDataset, first: number, count: number, scaling: Scaling): ExampleSet => {
  const targets = new Float64Array(count * CLASS_COUNT);
  for (let index = 0; index < count; index++) {
    targets[index * CLASS_COUNT + from.labels[first + index]] = 1;
  }
  const inputs = from.images.subarray(first * IMAGE_PIXELS, (first + count) * IMAGE_PIXELS);
  return { count, inputs, ...scaling, targets };
};
