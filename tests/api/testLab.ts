/** The API on a database of its own, with a small data set and two users; what a test of the API stands on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Database,
  createDatasetInspector,
  createToken,
  findOrCreateUser,
  openDatabase,
  writeSyntheticDataset,
} from "@pclab/storage";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { pino } from "pino";
import { buildApp } from "../../apps/api/src/app.js";
import { createTestDatabase } from "../database.js";

export interface TestLab {
  app: FastifyInstance;
  database: Database;
  databaseUrl: string;
  datasetsFolder: string;
  ada: Client;
  ben: Client;
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
  const app = await buildApp(
    {
      database,
      inspectDataset: createDatasetInspector({ datasetsFolder }),
      leaseMs: 2000,
      version: "0.0.0-test",
    },
    logger,
  );
  const client = async (name: string): Promise<Client> => {
    const { id } = await findOrCreateUser(database, name);
    const token = await createToken(database, { userId: id, name: "test" });
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
    database,
    databaseUrl: testDatabase.url,
    datasetsFolder,
    ada: await client("ada"),
    ben: await client("ben"),
    logLines,
    close: async () => {
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
