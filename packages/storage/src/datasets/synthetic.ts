/**
 * A small learnable data set for tests, in the place of a real one: ten class templates of soft blobs, each image being
 * its class's template, shifted by up to a pixel, dimmed, with noise on top. A linear classifier learns it in a few
 * hundred images; guessing stays at one in ten.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  CLASS_COUNT,
  Generator,
  IMAGE_COLUMNS,
  IMAGE_PIXELS,
  IMAGE_ROWS,
  type IdxDataset,
  writeIdxImages,
  writeIdxLabels,
} from "@pclab/core";
import type { DatasetFile } from "./catalogue.js";

const BLOBS_PER_TEMPLATE = 4;
/** Standard deviation of a blob, in pixels. */
const BLOB_RADIUS = 3;
/** Centres keep this far from the border, in pixels, so that the shift loses little. */
const MARGIN = 5;
const NOISE_AMPLITUDE = 48;

export interface SyntheticSizes {
  /** Training images. */
  train: number;
  /** Test images. */
  test: number;
  seed: number;
}

/** Both splits, of the same templates. The same arguments give the same images on every platform. */
export function syntheticDataset({ train, test, seed }: SyntheticSizes): {
  train: IdxDataset;
  test: IdxDataset;
} {
  const generator = Generator.seeded(seed, "probes");
  const templates = Array.from({ length: CLASS_COUNT }, () => classTemplate(generator));
  return {
    train: split(train, templates, generator),
    test: split(test, templates, generator),
  };
}

/** [784], 0..1: blobs at drawn places. */
function classTemplate(generator: Generator): Float64Array {
  const blobs = Array.from({ length: BLOBS_PER_TEMPLATE }, () => ({
    row: MARGIN + generator.uniform() * (IMAGE_ROWS - 1 - 2 * MARGIN),
    column: MARGIN + generator.uniform() * (IMAGE_COLUMNS - 1 - 2 * MARGIN),
  }));
  return Float64Array.from({ length: IMAGE_PIXELS }, (_, pixel) => {
    let ink = 0;
    for (const { row, column } of blobs) {
      const dy = Math.floor(pixel / IMAGE_COLUMNS) - row;
      const dx = (pixel % IMAGE_COLUMNS) - column;
      ink += Math.exp(-(dx * dx + dy * dy) / (2 * BLOB_RADIUS ** 2));
    }
    return Math.min(1, ink);
  });
}

/** Each run of ten images holds every class once, in random order, so that any prefix is balanced. */
function split(count: number, templates: Float64Array[], generator: Generator): IdxDataset {
  const images = new Uint8Array(count * IMAGE_PIXELS);
  const labels = new Uint8Array(count);
  let order = generator.permutation(CLASS_COUNT);

  for (let index = 0; index < count; index++) {
    if (index > 0 && index % CLASS_COUNT === 0) order = generator.permutation(CLASS_COUNT);
    const label = order[index % CLASS_COUNT] as number;
    const template = templates[label] as Float64Array;
    labels[index] = label;

    const shift = (generator.below(3) - 1) * IMAGE_COLUMNS + (generator.below(3) - 1);
    const brightness = 150 + generator.uniform() * 100;
    for (let pixel = 0; pixel < IMAGE_PIXELS; pixel++) {
      const ink = brightness * (template[pixel - shift] ?? 0);
      const noise = NOISE_AMPLITUDE * (generator.uint32() / 2 ** 32 - 0.5);
      images[index * IMAGE_PIXELS + pixel] = Math.max(0, Math.min(255, Math.round(ink + noise)));
    }
  }
  return { count, images, labels };
}

/**
 * Writes the four gzip-compressed IDX files of a synthetic data set into `folder`, which it makes if need be. For tests
 * that name a data set, `folder` is `<datasets folder>/<data set>`.
 */
export async function writeSyntheticDataset(folder: string, sizes: SyntheticSizes): Promise<void> {
  const { train, test } = syntheticDataset(sizes);
  const contents: Record<DatasetFile, Uint8Array> = {
    "train-images-idx3-ubyte": writeIdxImages(train.images),
    "train-labels-idx1-ubyte": writeIdxLabels(train.labels),
    "t10k-images-idx3-ubyte": writeIdxImages(test.images),
    "t10k-labels-idx1-ubyte": writeIdxLabels(test.labels),
  };
  await mkdir(folder, { recursive: true });
  for (const [file, bytes] of Object.entries(contents)) {
    await writeFile(join(folder, `${file}.gz`), gzipSync(bytes));
  }
}
