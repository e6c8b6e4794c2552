/** What is asked for by its id, or a 404 that does not tell what is another's from what is not there. */
import {
  type Database,
  type RunRow,
  type SweepRow,
  type Viewer,
  findRun,
  findSweep,
} from "@pclab/storage";
import { ApiError } from "./errors/apiError.js";

export const notFound = (what: string, id: string): ApiError =>
  new ApiError("not_found", { detail: `there is no ${what} ${id} of yours` });

export const runOr404 = async (database: Database, viewer: Viewer, id: string): Promise<RunRow> => {
  const run = await findRun(database, { ...viewer, id });
  if (run === null) throw notFound("run", id);
  return run;
};

export const sweepOr404 = async (
  database: Database,
  viewer: Viewer,
  id: string,
): Promise<SweepRow> => {
  const sweep = await findSweep(database, { ...viewer, id });
  if (sweep === null) throw notFound("sweep", id);
  return sweep;
};
