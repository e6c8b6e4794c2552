/** Whether the data that a sweep asks for are on this server, asked before anything is stored. */
import { DatasetError, type DatasetName, type ExperimentSpec, type Problem } from "@pclab/core";
import type { DatasetSummary } from "@pclab/storage";

export type InspectDataset = (name: DatasetName) => Promise<DatasetSummary>;

export const datasetProblems = async (
  inspect: InspectDataset,
  runs: readonly ExperimentSpec[],
): Promise<Problem[]> => {
  const problems: Problem[] = [];
  for (const name of new Set(runs.map(({ dataset }) => dataset))) {
    const summary = await inspectOrExplain(inspect, name);
    if ("pointer" in summary) {
      problems.push(summary);
      continue;
    }
    const largest = (pick: (spec: ExperimentSpec) => number): number =>
      Math.max(...runs.filter(({ dataset }) => dataset === name).map(pick));
    const training = largest(({ trainSize, validationSize }) => trainSize + validationSize);
    if (training > summary.trainCount) {
      problems.push({
        pointer: "#/base/train_size",
        code: "maximum",
        got: training,
        allowed: `train_size + validation_size <= ${summary.trainCount}`,
        detail: `this server's ${name} has ${summary.trainCount} training images`,
      });
    }
    const test = largest(({ testSize }) => testSize);
    if (test > summary.testCount) {
      problems.push({
        pointer: "#/base/test_size",
        code: "maximum",
        got: test,
        allowed: `<= ${summary.testCount}`,
        detail: `this server's ${name} has ${summary.testCount} test images`,
      });
    }
  }
  return problems;
};

const inspectOrExplain = async (
  inspect: InspectDataset,
  name: DatasetName,
): Promise<DatasetSummary | Problem> => {
  try {
    return await inspect(name);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return {
      pointer: "#/base/dataset",
      code: "not_available",
      got: name,
      detail: `the data set '${name}' cannot be used on this server: ${error.message}`,
    };
  }
};
