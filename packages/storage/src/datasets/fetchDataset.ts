/** A data set from its publisher onto the disk: what is there already, what is to be downloaded, and whether it all fits. */
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatasetError, type DatasetName, readIdxImages, readIdxLabels } from "@pclab/core";
import { CATALOGUE, type CatalogueEntry, DATASET_FILES, type DatasetFile } from "./catalogue.js";
import { locateFile } from "./datasetsFolder.js";
import { decodeDatasetFile, readDatasetFile } from "./decodeFile.js";
import { onDisk } from "./download.js";
import { FETCH_LIMITS, type FetchLimits, fetchFile } from "./fetchFile.js";
import { loadDataset } from "./loadDataset.js";

export type FetchEvent =
  /** A file is there and stays: `published` is false for valid IDX other than the published bytes. */
  | { type: "kept"; file: string; published: boolean }
  /** A file is there and is useless; it is downloaded anew. */
  | { type: "replaced"; file: string; error: DatasetError }
  /** Comes once, when it is known what is to be downloaded; with no files the data set was there. */
  | { type: "planned"; files: string[]; totalBytes: number }
  /** `receivedBytes` counts all planned files, what an earlier download left included. */
  | { type: "received"; file: string; receivedBytes: number; totalBytes: number }
  /** A source failed; another attempt follows after `pauseMs`, unless it was the last. */
  | { type: "failed"; file: string; error: DatasetError; pauseMs: number };

export interface FetchOptions {
  /** The datasets folder; the files go into `<folder>/<name>/`. */
  folder: string;
  /** Base URLs instead of the catalogue's, for example a mirror of one's own. */
  sources?: readonly string[];
  onProgress?: (event: FetchEvent) => void;
  signal?: AbortSignal;
  limits?: Partial<FetchLimits>;
  /** What the files must be; the catalogue's entry unless given. */
  entry?: CatalogueEntry;
}

export interface FetchedDataset {
  name: DatasetName;
  /** `<folder>/<name>`. */
  folder: string;
  trainCount: number;
  testCount: number;
  /** As in LoadedDataset. */
  sha256: string;
  downloaded: string[];
}

/**
 * Makes a data set complete and checks it whole. Files that are there and valid are never touched. May run in several
 * processes at once; may be interrupted at any point and called again.
 *
 * @throws DatasetError dataset_download_failed, dataset_download_aborted, dataset_unwritable, dataset_mixed, and what
 *   loadDataset throws
 */
export async function fetchDataset(
  name: DatasetName,
  options: FetchOptions,
): Promise<FetchedDataset> {
  const { entry = CATALOGUE[name], onProgress = () => {} } = options;
  const folder = join(options.folder, name);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));

  const planned = await planDownload(folder, entry, onProgress);
  const totalBytes = planned.reduce((sum, file) => sum + entry.files[file].bytes, 0);
  onProgress({ type: "planned", files: planned.map(gzipped), totalBytes });

  let finishedBytes = 0;
  for (const file of planned) {
    const published = entry.files[file];
    await fetchFile({
      file: gzipped(file),
      folder,
      ...published,
      sources: options.sources ?? entry.sources,
      limits: { ...FETCH_LIMITS, ...options.limits },
      signal: options.signal ?? new AbortController().signal,
      onReceived: (bytes) =>
        onProgress({
          type: "received",
          file: gzipped(file),
          receivedBytes: finishedBytes + bytes,
          totalBytes,
        }),
      onFailure: (error, pauseMs) =>
        onProgress({ type: "failed", file: gzipped(file), error, pauseMs }),
    });
    finishedBytes += published.bytes;
  }

  const { train, test, sha256 } = await loadDataset(name, { datasetsFolder: options.folder });
  return {
    name,
    folder,
    trainCount: train.count,
    testCount: test.count,
    sha256,
    downloaded: planned.map(gzipped),
  };
}

const gzipped = (file: DatasetFile): string => `${file}.gz`;

/** The files that are missing or useless. */
async function planDownload(
  folder: string,
  entry: CatalogueEntry,
  onProgress: (event: FetchEvent) => void,
): Promise<DatasetFile[]> {
  const missing: DatasetFile[] = [];
  const foreign = new Set<DatasetFile>();
  for (const file of DATASET_FILES) {
    const state = await stateOf(folder, file, entry);
    if (state === "missing") missing.push(file);
    else if (state instanceof DatasetError) {
      missing.push(file);
      onProgress({ type: "replaced", file: state.file, error: state });
    } else {
      if (state === "foreign") foreign.add(file);
      onProgress({ type: "kept", file, published: state === "published" });
    }
  }
  for (const file of missing) {
    const partner = partnerOf(file);
    if (foreign.has(partner)) throw mixed(folder, file, partner);
  }
  return missing;
}

/** `published` to the byte, `foreign` for other valid IDX, or the reason why what is there is useless. */
async function stateOf(
  folder: string,
  file: DatasetFile,
  entry: CatalogueEntry,
): Promise<"missing" | "published" | "foreign" | DatasetError> {
  const located = await locateFile(folder, file);
  if (located === null) return "missing";
  try {
    const stored = await readDatasetFile(located);
    if (createHash("md5").update(stored).digest("hex") === entry.files[file].md5) {
      return "published";
    }
    const decoded = await decodeDatasetFile(located.path, stored);
    if (file.includes("images")) readIdxImages(decoded);
    else readIdxLabels(decoded);
    return "foreign";
  } catch (error) {
    if (error instanceof DatasetError && error.code !== "dataset_unreadable") return error;
    throw error;
  }
}

const partnerOf = (file: DatasetFile): DatasetFile =>
  (file.includes("images")
    ? file.replace("images-idx3", "labels-idx1")
    : file.replace("labels-idx1", "images-idx3")) as DatasetFile;

/** Published labels beside images in another order would load without complaint, and nothing could be learned from them. */
const mixed = (folder: string, file: DatasetFile, partner: DatasetFile): DatasetError =>
  new DatasetError({
    code: "dataset_mixed",
    file: join(folder, file),
    value: `it missing or broken beside a ${partner} that is not the published one`,
    expected: "images and labels from one source",
    wayOut: `Put the ${file} that belongs to it there, or delete ${partner} to download both.`,
  });
