/** The images that the benchmark trains on: the real ones where they are on this machine, else generated ones. */
import { type Dataset, type DatasetFiles, type DatasetName, createDataset } from "@pclab/core";
import { datasetIsPresent, loadDataset, syntheticDataset } from "@pclab/storage";

const DATASET: DatasetName = "fashion-mnist";

export interface BenchData {
  name: DatasetName | "synthetic";
  files: DatasetFiles;
}

export async function loadBenchData(
  datasetsFolder: string,
  synthetic: { train: number; test: number },
): Promise<BenchData> {
  if (await datasetIsPresent(DATASET, { datasetsFolder })) {
    return { name: DATASET, files: await loadDataset(DATASET, { datasetsFolder }) };
  }
  return { name: "synthetic", files: syntheticDataset({ ...synthetic, seed: 0 }) };
}

export interface Sizes {
  trainSize: number;
  validationSize: number;
  testSize: number;
}

/** Standardised bytes; every size is at most what the files hold. */
export const datasetOf = ({ files }: BenchData, sizes: Sizes): Dataset =>
  createDataset(files, { dataset: DATASET, standardise: true, ...sizes });

/** As a spec's defaults divide the real data set: 55,000 to train on, 5,000 and 10,000 to evaluate, in proportion. */
export const proportionalSizes = (trainSize: number): Sizes => ({
  trainSize,
  validationSize: Math.ceil(trainSize / 11),
  testSize: Math.ceil((2 * trainSize) / 11),
});

/** The most training images that leave the others their share. */
export const largestTrainSize = ({ files }: BenchData): number =>
  Math.floor(Math.min((files.train.count * 11) / 12, (files.test.count * 11) / 2));
