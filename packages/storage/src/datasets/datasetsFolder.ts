/** Where the data sets lie on this machine: `<datasets folder>/<data set>/<file>[.gz]`. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DatasetError, type DatasetName } from "@pclab/core";
import { DATASET_FILES, type DatasetFile } from "./catalogue.js";

/**
 * The folder that holds the data sets, absolute.
 *
 * @param override the value of PCLAB_DATASETS; undefined and "" both mean that it is not set
 * @param home     the lab's home, whose `datasets` folder is the default
 */
export const resolveDatasetsFolder = ({
  override,
  home,
}: {
  override: string | undefined;
  home: string;
}): string => resolve(override ? override : join(home, "datasets"));

export interface LocatedFile {
  file: DatasetFile;
  path: string;
  bytes: number;
  modifiedMs: number;
}

/** One file, compressed or not; null where there is neither. Where there are both, the compressed one counts. */
export async function locateFile(folder: string, file: DatasetFile): Promise<LocatedFile | null> {
  for (const path of [join(folder, `${file}.gz`), join(folder, file)]) {
    try {
      const { size, mtimeMs } = await stat(path);
      return { file, path, bytes: size, modifiedMs: mtimeMs };
    } catch (error) {
      if (!isAbsence(error)) throw unreadable(path, error);
    }
  }
  return null;
}

/**
 * The four files of a data set, in the order of DATASET_FILES.
 *
 * @throws DatasetError dataset_missing, naming every file that is not there; dataset_unreadable
 */
export async function locateDataset(
  name: DatasetName,
  { datasetsFolder }: { datasetsFolder: string },
): Promise<LocatedFile[]> {
  const folder = join(datasetsFolder, name);
  const located = await Promise.all(DATASET_FILES.map((file) => locateFile(folder, file)));
  const missing = DATASET_FILES.filter((_, index) => located[index] === null);
  if (missing.length > 0) {
    throw new DatasetError({
      code: "dataset_missing",
      file: folder,
      value:
        missing.length === DATASET_FILES.length
          ? "none of its files"
          : `no ${missing.join(", no ")}`,
      expected: `${DATASET_FILES.join(", ")} (each may end in .gz)`,
      wayOut:
        `Download them with \`npm run datasets -- ${name}\`, or set PCLAB_DATASETS=<folder> ` +
        `to a folder that holds them in <folder>/${name}.`,
    });
  }
  return located.filter((file) => file !== null);
}

/** Whether all four files are there. Says nothing about what is in them: that is what loadDataset checks. */
export async function datasetIsPresent(
  name: DatasetName,
  { datasetsFolder }: { datasetsFolder: string },
): Promise<boolean> {
  const folder = join(datasetsFolder, name);
  const located = await Promise.all(DATASET_FILES.map((file) => locateFile(folder, file)));
  return located.every((file) => file !== null);
}

export const isAbsence = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");

export const unreadable = (path: string, cause: unknown): DatasetError =>
  new DatasetError({
    code: "dataset_unreadable",
    file: path,
    value: cause instanceof Error ? cause.message : String(cause),
    expected: "a file that this user can read",
    wayOut: "Check the file's permissions and the disk.",
    cause,
  });
