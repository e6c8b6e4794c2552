/** The inverse of idx.ts, for data sets that are generated. */
import {
  IDX_IMAGES_MAGIC,
  IDX_LABELS_MAGIC,
  IMAGE_COLUMNS,
  IMAGE_PIXELS,
  IMAGE_ROWS,
} from "./idx.js";

/** @param images [count x 784]. A length that is no multiple of 784 is the caller's mistake and throws RangeError. */
export function writeIdxImages(images: Uint8Array): Uint8Array {
  if (images.length % IMAGE_PIXELS !== 0) {
    throw new RangeError(
      `${images.length} pixels are no whole number of ${IMAGE_PIXELS}-pixel images`,
    );
  }
  const count = images.length / IMAGE_PIXELS;
  return writeIdx(IDX_IMAGES_MAGIC, [count, IMAGE_ROWS, IMAGE_COLUMNS], images);
}

/** @param labels [count] */
export const writeIdxLabels = (labels: Uint8Array): Uint8Array =>
  writeIdx(IDX_LABELS_MAGIC, [labels.length], labels);

function writeIdx(magic: number, dimensions: readonly number[], values: Uint8Array): Uint8Array {
  const headerBytes = 4 + 4 * dimensions.length;
  const bytes = new Uint8Array(headerBytes + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  dimensions.forEach((size, index) => view.setUint32(4 + 4 * index, size));
  bytes.set(values, headerBytes);
  return bytes;
}
