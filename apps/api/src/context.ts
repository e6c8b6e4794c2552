import type { Database } from "@pclab/storage";
import type { InspectDataset } from "./datasetCheck.js";
import type { News } from "./events/news.js";
import type { Line } from "./line/line.js";
import type { WebhookSettings } from "./webhooks/settings.js";

/** What the routes depend on. */
export interface AppContext {
  database: Database;
  inspectDataset: InspectDataset;
  /** A worker not heard of for this long is not counted. */
  leaseMs: number;
  version: string;
  line: Line;
  news: News;
  /** Of a user without a limit of their own. */
  requestsPerMinute: number;
  webhooks: WebhookSettings;
}
