/**
 * The IDX format of MNIST's authors (yann.lecun.com/exdb/mnist): a big-endian header, then the values, row by row.
 *
 *   bytes 0-1  zero
 *   byte  2    type of the values: 0x08, unsigned bytes, is the only one that MNIST-like data sets use
 *   byte  3    number of dimensions D
 *   then       D sizes, 4 bytes each, the first one being the count
 *   then       the values, nothing after them
 */
import { DatasetError, type DatasetErrorCode } from "./idxError.js";

export const IDX_IMAGES_MAGIC = 0x00000803;
export const IDX_LABELS_MAGIC = 0x00000801;

export const IMAGE_ROWS = 28;
export const IMAGE_COLUMNS = 28;
/** Pixels in an image, the number of a network's inputs. */
export const IMAGE_PIXELS = IMAGE_ROWS * IMAGE_COLUMNS;
/** Labels are 0..CLASS_COUNT - 1. */
export const CLASS_COUNT = 10;

/** One split of a data set. Both arrays may be views into the bytes they were parsed from. */
export interface IdxDataset {
  count: number;
  /** [count x 784], 0 is background and 255 is full ink. */
  images: Uint8Array;
  /** [count], each 0..9. */
  labels: Uint8Array;
}

export interface IdxArray {
  /** The declared sizes; the first is the count. */
  dimensions: number[];
  /** A view of the values in the parsed bytes, as long as the product of the dimensions. */
  values: Uint8Array;
}

export interface IdxExpectation {
  magic: number;
  /** One entry a dimension; null where any size from 1 up will do. */
  dimensions: readonly (number | null)[];
  /** What the file holds ("images"), for messages. */
  content: string;
}

const IMAGES: IdxExpectation = {
  magic: IDX_IMAGES_MAGIC,
  dimensions: [null, IMAGE_ROWS, IMAGE_COLUMNS],
  content: "images",
};

const LABELS: IdxExpectation = {
  magic: IDX_LABELS_MAGIC,
  dimensions: [null],
  content: "labels",
};

const GET_IT_ANEW =
  "Delete the file and fetch it again (npm run datasets), or point PCLAB_DATASETS at a folder with valid IDX files.";

const hex = (magic: number): string => `0x${magic.toString(16).padStart(8, "0")}`;

/**
 * Reads one IDX file of unsigned bytes and checks everything its header claims against `expectation` and against the
 * bytes that are there. Allocates nothing in proportion to the header's claims.
 *
 * @param bytes the whole file, decompressed
 * @param file  the file's name, for messages alone
 * @throws DatasetError dataset_truncated, dataset_wrong_magic, dataset_wrong_dimensions, dataset_empty,
 *   dataset_trailing_bytes
 */
export function readIdx(bytes: Uint8Array, file: string, expectation: IdxExpectation): IdxArray {
  const fail = (code: DatasetErrorCode, value: string, expected: string): never => {
    throw new DatasetError({ code, file, value, expected, wayOut: GET_IT_ANEW });
  };
  const { magic, content } = expectation;
  const headerBytes = 4 + 4 * expectation.dimensions.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  // The magic comes first: a file of another kind should be called that, not short.
  if (bytes.byteLength >= 4 && view.getUint32(0) !== magic) {
    fail(
      "dataset_wrong_magic",
      `magic number ${hex(view.getUint32(0))}`,
      `${hex(magic)}, an IDX file of ${content}`,
    );
  }
  if (bytes.byteLength < headerBytes) {
    fail("dataset_truncated", `${bytes.byteLength} bytes`, `a header of ${headerBytes} bytes`);
  }

  const dimensions = expectation.dimensions.map((_, index) => view.getUint32(4 + 4 * index));
  const matches = expectation.dimensions.every(
    (size, i) => size === null || size === dimensions[i],
  );
  if (!matches) {
    const wanted = expectation.dimensions.map((size) => size ?? "count").join(" x ");
    fail("dataset_wrong_dimensions", `dimensions ${dimensions.join(" x ")}`, wanted);
  }
  // Up to 2^32 in each dimension: a double holds the product closely enough to be compared with a length in memory.
  const valueCount = dimensions.reduce((product, size) => product * size, 1);
  if (valueCount === 0) {
    fail("dataset_empty", `no ${content} (dimensions ${dimensions.join(" x ")})`, "at least one");
  }

  const declaredBytes = headerBytes + valueCount;
  if (bytes.byteLength !== declaredBytes) {
    fail(
      bytes.byteLength < declaredBytes ? "dataset_truncated" : "dataset_trailing_bytes",
      `${bytes.byteLength} bytes`,
      `${declaredBytes} bytes for the declared ${dimensions.join(" x ")} ${content}`,
    );
  }
  return { dimensions, values: bytes.subarray(headerBytes) };
}

export interface NamedBytes {
  bytes: Uint8Array;
  /** The file's name, for messages alone. */
  file: string;
}

/** Checks one file of images. @returns the pixels, [count x 784]. @throws DatasetError as readIdx does */
export const readIdxImages = ({ bytes, file }: NamedBytes): Uint8Array =>
  readIdx(bytes, file, IMAGES).values;

/**
 * Checks one file of labels.
 *
 * @returns [count], each 0..9
 * @throws DatasetError as readIdx does, and dataset_label_out_of_range
 */
export function readIdxLabels({ bytes, file }: NamedBytes): Uint8Array {
  const labels = readIdx(bytes, file, LABELS).values;
  const index = labels.findIndex((label) => label >= CLASS_COUNT);
  if (index !== -1) {
    throw new DatasetError({
      code: "dataset_label_out_of_range",
      file,
      value: `label ${labels[index]} at index ${index}`,
      expected: `labels from 0 to ${CLASS_COUNT - 1}`,
      wayOut: GET_IT_ANEW,
    });
  }
  return labels;
}

/**
 * One split of a data set from its two files.
 *
 * @throws DatasetError as readIdxImages and readIdxLabels do, and dataset_count_mismatch
 */
export function parseIdxDataset(files: { images: NamedBytes; labels: NamedBytes }): IdxDataset {
  const images = readIdxImages(files.images);
  const labels = readIdxLabels(files.labels);
  const count = images.length / IMAGE_PIXELS;
  if (labels.length !== count) {
    throw new DatasetError({
      code: "dataset_count_mismatch",
      file: files.labels.file,
      value: `${labels.length} labels`,
      expected: `${count}, one for each image of ${files.images.file}`,
      wayOut: "The two files belong to different data sets: replace both from one source.",
    });
  }
  return { count, images, labels };
}
