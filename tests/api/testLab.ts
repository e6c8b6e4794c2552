/** The API on a database of its own, with a small data set and two users; what a test of the API stands on. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Database,
  type TokenScope,
  claimRun,
  createDatasetInspector,
  createToken,
  findOrCreateUser,
  openDatabase,
  writeSyntheticDataset,
} from "@pclab/storage";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { pino } from "pino";
import { buildApp } from "../../apps/api/src/app.js";
import { startNews } from "../../apps/api/src/events/news.js";
import { openLine } from "../../apps/api/src/line/line.js";
import { openSecretBox } from "../../apps/api/src/webhooks/secretBox.js";
import type { WebhookSettings } from "../../apps/api/src/webhooks/settings.js";
import { createTestDatabase } from "../database.js";

export interface TestLab {
  app: FastifyInstance;
  webhooks: WebhookSettings;
  database: Database;
  databaseUrl: string;
  datasetsFolder: string;
  /** Two researchers. */
  ada: Client;
  ben: Client;
  /** With a token of the widest scope. */
  admin: Client;
  /** Every line the server logged. */
  logLines: string[];
  close(): Promise<void>;
}

export interface Client {
  userId: string;
  token: string;
  request(options: InjectOptions): Promise<LightMyRequestResponse>;
  get(url: string): Promise<LightMyRequestResponse>;
  post(url: string, payload?: object): Promise<LightMyRequestResponse>;
}

/** Images of the synthetic data set. */
export const TRAIN_COUNT = 60;
export const TEST_COUNT = 20;

export const startTestLab = async (): Promise<TestLab> => {
  const testDatabase = await createTestDatabase();
  const datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-api-"));
  await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), {
    train: TRAIN_COUNT,
    test: TEST_COUNT,
    seed: 1,
  });
  const database = openDatabase({ url: testDatabase.url, poolSize: 4 });
  const logLines: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void logLines.push(line) });
  const news = startNews(database, logger);
  const webhooks: WebhookSettings = {
    secrets: openSecretBox(randomBytes(32)),
    networks: ["public", "private", "loopback"],
  };
  const app = await buildApp(
    {
      database,
      inspectDataset: createDatasetInspector({ datasetsFolder }),
      leaseMs: 2000,
      version: "0.0.0-test",
      line: openLine(database, 2000),
      news,
      requestsPerMinute: 100_000,
      webhooks,
    },
    logger,
  );
  const client = async (name: string, scope: TokenScope): Promise<Client> => {
    const { id } = await findOrCreateUser(database, name);
    const { text: token } = await createToken(database, { userId: id, name: "test", scope });
    const request = (options: InjectOptions) =>
      app.inject({ ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });
    return {
      userId: id,
      token,
      request,
      get: (url) => request({ url }),
      post: (url, payload) =>
        request({ method: "POST", url, ...(payload === undefined ? {} : { payload }) }),
    };
  };
  return {
    app,
    webhooks,
    database,
    databaseUrl: testDatabase.url,
    datasetsFolder,
    ada: await client("ada", "submit"),
    ben: await client("ben", "submit"),
    admin: await client("grace", "admin"),
    logLines,
    close: async () => {
      news.stop();
      await app.close();
      await database.close();
      await testDatabase.drop();
      await rm(datasetsFolder, { recursive: true });
    },
  };
};

/** A sweep that the synthetic data set can serve. */
export const smallBase = {
  width: 4,
  depth: 2,
  train_size: 40,
  validation_size: 20,
  test_size: 20,
  epochs: 1,
} as const;

/** Takes a queued run as a worker would. */
export const claimForTest = async (
  { database }: TestLab,
  runId: string,
): Promise<{ runId: string; epoch: number }> => {
  const { epoch } = await database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  const claimed = await claimRun(database, {
    runId,
    epoch,
    workerId: "wrk_test",
    host: "here",
    slots: 1,
    leaseMs: 60_000,
  });
  if (claimed === null) throw new Error(`${runId} could not be claimed`);
  return { runId, epoch: claimed.epoch };
};
