import type { Database } from "@pclab/storage";
import type { InspectDataset } from "./datasetCheck.js";

/** What the routes depend on. */
export interface AppContext {
  database: Database;
  inspectDataset: InspectDataset;
  /** A worker not heard of for this long is not counted. */
  leaseMs: number;
  version: string;
}
