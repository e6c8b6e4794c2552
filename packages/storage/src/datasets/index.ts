/** The data sets' files: where they are, what is in them, and how they get there. */
export {
  CATALOGUE,
  type CatalogueEntry,
  DATASET_FILES,
  type DatasetFile,
  type PublishedFile,
} from "./catalogue.js";
export { datasetIsPresent, resolveDatasetsFolder } from "./datasetsFolder.js";
export {
  type FetchedDataset,
  type FetchEvent,
  type FetchOptions,
  fetchDataset,
} from "./fetchDataset.js";
export { FETCH_LIMITS, type FetchLimits } from "./fetchFile.js";
export {
  createDatasetInspector,
  type DatasetSummary,
  type LoadedDataset,
  loadDataset,
} from "./loadDataset.js";
export { type SyntheticSizes, syntheticDataset, writeSyntheticDataset } from "./synthetic.js";
