/** The process of the API: configuration, database, dispatcher, HTTP; and their end on SIGTERM. */
import { openRunQueue } from "@pclab/queue";
import {
  createDatasetInspector,
  openDatabase,
  openDispatcherLock,
  resolveDatasetsFolder,
} from "@pclab/storage";
import { pino } from "pino";
import { buildApp } from "./app.js";
import { readConfig } from "./config.js";
import { startDispatcher } from "./dispatch/dispatcher.js";
import { startNews } from "./events/news.js";
import { openLine } from "./line/line.js";
import { readVersion } from "./version.js";
import { openSecrets } from "./webhooks/secretKey.js";
import { startWebhookSender } from "./webhooks/sender.js";

const config = readConfig(process.env);
const logger = pino({ level: config.logLevel, base: { process: "api" } });
const database = openDatabase({ url: config.databaseUrl });
const queue = openRunQueue(
  config.redisUrl === null ? { databaseUrl: config.databaseUrl } : { redisUrl: config.redisUrl },
  { logger },
);
const lock = openDispatcherLock(config.databaseUrl);
const news = startNews(database, logger);
const webhooks = {
  secrets: await openSecrets(config.webhookKey, config.home),
  networks: config.webhookNetworks,
};
const version = readVersion();
const app = await buildApp(
  {
    database,
    inspectDataset: createDatasetInspector({
      datasetsFolder: resolveDatasetsFolder({
        override: config.datasetsOverride,
        home: config.home,
      }),
    }),
    leaseMs: config.leaseMs,
    version,
    line: openLine(database, config.leaseMs),
    news,
    requestsPerMinute: config.requestsPerMinute,
    webhooks,
  },
  logger,
);
const dispatcher = startDispatcher({
  database,
  lock,
  queue,
  logger,
  leaseMs: config.leaseMs,
  pollMs: config.dispatchMs,
  reconcileMs: config.reconcileMs,
  deleteGraceMs: config.deleteGraceMs,
});
const sender = startWebhookSender({ database, version, logger, ...webhooks });

let isStopping = false;
const stop = async (signal: string): Promise<void> => {
  if (isStopping) return;
  isStopping = true;
  logger.info({ signal }, "stopping");
  news.stop();
  await dispatcher.stop();
  await app.close();
  await sender.stop();
  await queue.close();
  await database.close();
};
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    void stop(signal).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  });
}

await app.listen({ host: config.host, port: config.port });
