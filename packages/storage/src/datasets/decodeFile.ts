/** A data set's file, from disk to the bytes of the IDX format. */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DatasetError, IMAGE_PIXELS, type NamedBytes } from "@pclab/core";
import { type LocatedFile, unreadable } from "./datasetsFolder.js";

const gunzipAsync = promisify(gunzip);

/**
 * Four times the training images of MNIST, so that EMNIST's 240,000 digits in the same format are welcome too. It
 * bounds the memory that a hostile gzip file can claim.
 */
const MAX_IMAGES = 250_000;
export const MAX_DECODED_BYTES = 16 + MAX_IMAGES * IMAGE_PIXELS;

/** @throws DatasetError dataset_too_large, dataset_unreadable */
export async function readDatasetFile({ path, bytes }: LocatedFile): Promise<Buffer> {
  if (bytes > MAX_DECODED_BYTES) throw tooLarge(path, `${bytes} bytes`);
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Unpacks what is packed. The bytes decide, not the name: browsers and proxies unpack a `.gz` file on its way and leave
 * its name as it was.
 *
 * @throws DatasetError dataset_gzip_invalid, dataset_too_large
 */
export async function decodeDatasetFile(path: string, stored: Buffer): Promise<NamedBytes> {
  const isGzip = stored[0] === 0x1f && stored[1] === 0x8b;
  const isIdx = stored[0] === 0 && stored[1] === 0;
  if (!isGzip && (isIdx || !path.endsWith(".gz"))) return { bytes: stored, file: path };
  try {
    const bytes = await gunzipAsync(stored, { maxOutputLength: MAX_DECODED_BYTES });
    return { bytes, file: path };
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if ("code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge(path, "more when decompressed");
    }
    throw new DatasetError({
      code: "dataset_gzip_invalid",
      file: path,
      value: `bytes that do not decompress (${cause.message})`,
      expected: "a whole gzip file, or an IDX file",
      wayOut: "Delete the file and fetch it again (npm run datasets).",
      cause,
    });
  }
}

const tooLarge = (path: string, value: string): DatasetError =>
  new DatasetError({
    code: "dataset_too_large",
    file: path,
    value,
    expected: `at most ${MAX_DECODED_BYTES} bytes, ${MAX_IMAGES} images`,
    wayOut: "Replace the file by one of the data set's own; larger sets must be cut down first.",
  });
