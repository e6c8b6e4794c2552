/** The examples of a run, from its data set's files; runs of one process that want the same ones share them. */
import { type Dataset, type DatasetSpec, canonicalJson, createDataset } from "@pclab/core";
import { type LoadedDataset, loadDataset } from "@pclab/storage";

export interface Examples {
  dataset: Dataset;
  /** Of the data set's files. */
  sha256: string;
}

/** @throws DatasetError as loadDataset and createDataset do */
export type LoadExamples = (spec: DatasetSpec) => Promise<Examples>;

export const createExamplesLoader = (datasetsFolder: string): LoadExamples => {
  const files = new Map<string, Promise<LoadedDataset>>();
  const examples = new Map<string, Promise<Examples>>();

  const loadFiles = (name: DatasetSpec["dataset"]): Promise<LoadedDataset> => {
    const loading = files.get(name) ?? loadDataset(name, { datasetsFolder });
    files.set(name, loading);
    return loading;
  };
  const create = async (spec: DatasetSpec): Promise<Examples> => {
    const loaded = await loadFiles(spec.dataset);
    return { dataset: createDataset(loaded, spec), sha256: loaded.sha256 };
  };

  return ({ dataset, trainSize, validationSize, testSize, standardise }) => {
    const wanted = { dataset, trainSize, validationSize, testSize, standardise };
    const key = canonicalJson(wanted);
    const creating = examples.get(key) ?? create(wanted);
    examples.set(key, creating);
    return creating;
  };
};
