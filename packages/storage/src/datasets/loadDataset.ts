/** A data set from disk into memory, checked; and the short answer for those who only ask whether it is all right. */
import { createHash } from "node:crypto";
import { type DatasetName, type IdxDataset, type NamedBytes, parseIdxDataset } from "@pclab/core";
import { type LocatedFile, locateDataset } from "./datasetsFolder.js";
import { decodeDatasetFile, readDatasetFile } from "./decodeFile.js";

export interface LoadedDataset {
  name: DatasetName;
  train: IdxDataset;
  test: IdxDataset;
  /**
   * Of the decoded bytes (headers included) of training images, training labels, test images and test labels, one after
   * the other: equal for the same data however they are compressed. Lower-case hexadecimal.
   */
  sha256: string;
}

/**
 * Reads `<datasetsFolder>/<name>/{train,t10k}-{images-idx3,labels-idx1}-ubyte[.gz]`. Any valid IDX of 28 x 28 images
 * with labels 0..9 is accepted, whatever its count.
 *
 * @throws DatasetError dataset_missing; every code that says what is wrong with a file's bytes
 */
export async function loadDataset(
  name: DatasetName,
  { datasetsFolder }: { datasetsFolder: string },
): Promise<LoadedDataset> {
  return decodeDataset(name, await locateDataset(name, { datasetsFolder }));
}

async function decodeDataset(name: DatasetName, files: LocatedFile[]): Promise<LoadedDataset> {
  const decode = async (file: LocatedFile): Promise<NamedBytes> =>
    decodeDatasetFile(file.path, await readDatasetFile(file));
  const decoded = await Promise.all(files.map(decode));
  const [trainImages, trainLabels, testImages, testLabels] = decoded as [
    NamedBytes,
    NamedBytes,
    NamedBytes,
    NamedBytes,
  ];
  const train = parseIdxDataset({ images: trainImages, labels: trainLabels });
  const test = parseIdxDataset({ images: testImages, labels: testLabels });
  const hash = createHash("sha256");
  for (const { bytes } of decoded) hash.update(bytes);
  return { name, train, test, sha256: hash.digest("hex") };
}

export interface DatasetSummary {
  name: DatasetName;
  trainCount: number;
  testCount: number;
  sha256: string;
}

/**
 * Makes a function that reads and checks a data set as loadDataset does and keeps only the summary. A data set is
 * decoded again only after one of its files has changed (path, size or time of modification), so that a server can ask
 * before it accepts each sweep.
 */
export function createDatasetInspector({
  datasetsFolder,
}: {
  datasetsFolder: string;
}): (name: DatasetName) => Promise<DatasetSummary> {
  const inspected = new Map<
    DatasetName,
    { fingerprint: string; summary: Promise<DatasetSummary> }
  >();

  return async (name) => {
    const files = await locateDataset(name, { datasetsFolder });
    const fingerprint = JSON.stringify(files);
    const known = inspected.get(name);
    if (known?.fingerprint === fingerprint) return known.summary;

    const entry = { fingerprint, summary: summarise(name, files) };
    inspected.set(name, entry);
    try {
      return await entry.summary;
    } catch (error) {
      // A failure may pass (a file not yet readable) without any change that the fingerprint shows.
      if (inspected.get(name) === entry) inspected.delete(name);
      throw error;
    }
  };
}

async function summarise(name: DatasetName, files: LocatedFile[]): Promise<DatasetSummary> {
  const { train, test, sha256 } = await decodeDataset(name, files);
  return { name, trainCount: train.count, testCount: test.count, sha256 };
}
