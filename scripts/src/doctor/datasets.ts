/** Which data sets are there, whole. */
import { DATASETS, DatasetError, type DatasetName } from "@pclab/core";
import { createDatasetInspector, datasetIsPresent } from "@pclab/storage";
import { type Finding, fine, messageOf, note } from "./finding.js";

export const examineDatasets = async (datasetsFolder: string): Promise<Finding[]> => {
  const inspect = createDatasetInspector({ datasetsFolder });
  const examine = async (name: DatasetName): Promise<Finding> => {
    try {
      if (!(await datasetIsPresent(name, { datasetsFolder }))) {
        return note(name, `not in ${datasetsFolder}: \`npm run datasets -- ${name}\` downloads it`);
      }
      const { trainCount, testCount } = await inspect(name);
      return fine(name, `${trainCount} training and ${testCount} test images, ${datasetsFolder}`);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      return note(name, messageOf(error));
    }
  };
  return Promise.all(DATASETS.map(examine));
};
