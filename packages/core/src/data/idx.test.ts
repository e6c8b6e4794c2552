import { describe, expect, it } from "vitest";
import { type NamedBytes, parseIdxDataset, readIdxImages, readIdxLabels } from "./idx.js";
import { DatasetError, type DatasetErrorCode } from "./idxError.js";
import { writeIdxImages, writeIdxLabels } from "./idxWriter.js";

const COUNT = 3;
const images = Uint8Array.from({ length: COUNT * 784 }, (_, i) => (i * 7) % 256);
const labels = Uint8Array.of(9, 0, 4);
const imagesFile = (bytes = writeIdxImages(images)): NamedBytes => ({ bytes, file: "pixels" });
const labelsFile = (bytes = writeIdxLabels(labels)): NamedBytes => ({ bytes, file: "classes" });

/** A header of big-endian words and then `valueBytes` zeros. */
function idx(words: number[], valueBytes: number): Uint8Array {
  const bytes = new Uint8Array(4 * words.length + valueBytes);
  words.forEach((word, i) => new DataView(bytes.buffer).setUint32(4 * i, word));
  return bytes;
}

function errorOf(read: () => unknown): DatasetError {
  try {
    read();
  } catch (error) {
    if (error instanceof DatasetError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("a valid pair of IDX files", () => {
  it("gives back what was written", () => {
    const dataset = parseIdxDataset({ images: imagesFile(), labels: labelsFile() });
    expect(dataset.count).toBe(COUNT);
    expect([...dataset.images]).toEqual([...images]);
    expect([...dataset.labels]).toEqual([9, 0, 4]);
  });

  it("is laid out as the format's authors describe it: big-endian magic 2051 and 2049, then the sizes", () => {
    expect([...writeIdxImages(images).subarray(0, 16)]).toEqual(
      [
        [0, 0, 8, 3],
        [0, 0, 0, COUNT],
        [0, 0, 0, 28],
        [0, 0, 0, 28],
      ].flat(),
    );
    expect([...writeIdxLabels(labels)]).toEqual([0, 0, 8, 1, 0, 0, 0, COUNT, 9, 0, 4]);
  });

  it("is read from the middle of a larger buffer, as Node's Buffer pool hands it out", () => {
    const file = writeIdxLabels(labels);
    const pool = new Uint8Array(file.length + 20).fill(255);
    pool.set(file, 5);
    expect([...readIdxLabels(labelsFile(pool.subarray(5, 5 + file.length)))]).toEqual([9, 0, 4]);
  });

  it("cannot be written from a broken number of pixels", () => {
    expect(() => writeIdxImages(new Uint8Array(785))).toThrow(RangeError);
  });
});

describe("hostile image files are refused with their code, what was found and what was expected", () => {
  const magic = 0x803;
  const cases: [string, Uint8Array, DatasetErrorCode, string, string][] = [
    ["no bytes", new Uint8Array(0), "dataset_truncated", "0 bytes", "16 bytes"],
    ["half a magic", new Uint8Array(2), "dataset_truncated", "2 bytes", "16 bytes"],
    ["half a header", idx([magic, 3], 0), "dataset_truncated", "8 bytes", "16 bytes"],
    ["labels", writeIdxLabels(labels), "dataset_wrong_magic", "0x00000801", "0x00000803"],
    [
      "gzip bytes",
      idx([0x1f8b0800, 0, 0, 0], 9),
      "dataset_wrong_magic",
      "0x1f8b0800",
      "0x00000803",
    ],
    ["float values", idx([0xd03, 3, 28, 28], 9), "dataset_wrong_magic", "0x00000d03", "0x00000803"],
    [
      "32 x 32",
      idx([magic, 3, 32, 32], 3072),
      "dataset_wrong_dimensions",
      "3 x 32 x 32",
      "28 x 28",
    ],
    ["no images", idx([magic, 0, 28, 28], 0), "dataset_empty", "no images", "at least one"],
    [
      "a byte short",
      idx([magic, 3, 28, 28], 2351),
      "dataset_truncated",
      "2367 bytes",
      "2368 bytes",
    ],
    ["a byte over", idx([magic, 3, 28, 28], 2353), "dataset_trailing_bytes", "2369", "2368 bytes"],
    [
      "4,294,967,295 images",
      idx([magic, 2 ** 32 - 1, 28, 28], 784),
      "dataset_truncated",
      "800",
      "3367254359296",
    ],
    [
      "giant images",
      idx([magic, 2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], 784),
      "dataset_wrong_dimensions",
      "4294967295",
      "28 x 28",
    ],
  ];

  it.each(cases)("%s", (_, bytes, code, value, expected) => {
    const error = errorOf(() => readIdxImages(imagesFile(bytes)));
    expect(error.code).toBe(code);
    expect(error.value).toContain(value);
    expect(error.expected).toContain(expected);
    expect(error.message).toContain("pixels");
    expect(error.message).toContain(error.value);
    expect(error.message).toContain("npm run datasets");
  });
});

describe("hostile label files", () => {
  it("name the first label out of range and where it stands", () => {
    const error = errorOf(() =>
      readIdxLabels(labelsFile(writeIdxLabels(Uint8Array.of(3, 10, 255)))),
    );
    expect(error.code).toBe("dataset_label_out_of_range");
    expect(error.value).toBe("label 10 at index 1");
    expect(error.file).toBe("classes");
  });

  it("are refused when they are truncated or have trailing bytes", () => {
    const whole = writeIdxLabels(labels);
    const truncated = errorOf(() => readIdxLabels(labelsFile(whole.subarray(0, -1))));
    expect(truncated.code).toBe("dataset_truncated");
    const trailing = errorOf(() => readIdxLabels(labelsFile(Uint8Array.of(...whole, 0))));
    expect(trailing.code).toBe("dataset_trailing_bytes");
  });
});

it("images and labels of different counts do not make a data set, and both files are named", () => {
  const two = labelsFile(writeIdxLabels(Uint8Array.of(1, 2)));
  const error = errorOf(() => parseIdxDataset({ images: imagesFile(), labels: two }));
  expect(error.code).toBe("dataset_count_mismatch");
  expect(error.message).toContain("2 labels");
  expect(error.message).toContain("classes");
  expect(error.message).toContain("pixels");
});
