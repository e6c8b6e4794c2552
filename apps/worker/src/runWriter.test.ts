import type { MetricRow } from "@pclab/core";
import {
  type Database,
  StaleEpochError,
  listCheckpoints,
  listMetrics,
  openDatabase,
  readCheckpoint,
  recoverLostRuns,
} from "@pclab/storage";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf } from "../../../tests/storage.js";
import { type TcpProxy, startTcpProxy } from "../../../tests/tcpProxy.js";
import { manifestOf } from "./manifest.js";
import { AbandonedError } from "./outage.js";
import { RunWriter } from "./runWriter.js";

const logger = pino({ level: "silent" });

let storage: TestStorage;
let proxy: TcpProxy;
let database: Database;
beforeEach(async () => {
  storage = await TestStorage.open();
  proxy = await startTcpProxy(storage.url);
  database = openDatabase({ url: proxy.url });
});
afterEach(async () => {
  await database.close();
  await proxy.close();
  await storage.close();
});

const manifest = manifestOf({
  spec: anySpec(),
  engineId: "reference/float64",
  workerEngine: "auto",
  numericsChanges: [],
  datasetSha256: "00",
  pack: null,
  version: "0",
  gitSha: null,
});

const firstStep = { engine: "reference/float64", manifest, numericsChanged: false };

const row = (weightUpdate: number): MetricRow => ({
  weightUpdate,
  name: "test_loss",
  layer: null,
  value: weightUpdate / 8,
});
const progressAt = (weightUpdate: number) => ({
  epoch: 0,
  weightUpdate,
  totalWeightUpdates: 10,
  fraction: weightUpdate / 10,
  secondsLeft: null,
});

const checkpoint = (weightUpdate: number) => ({
  attempt: 1,
  weightUpdate,
  final: false,
  kept: false,
  bytes: new Uint8Array([weightUpdate]),
});

const writerOf = async () => {
  const claimed = await storage.starting();
  const refused: unknown[] = [];
  const abandoned = new AbortController();
  const writer = new RunWriter({
    database,
    fence: fenceOf(claimed),
    logger,
    abandoned: abandoned.signal,
    onRefused: (error) => refused.push(error),
  });
  return { id: claimed.id, writer, refused, abandoned };
};

const stored = async (runId: string) => {
  const checkpoints = await listCheckpoints(storage.database, runId);
  return {
    updates: (await listMetrics(storage.database, { runId })).map(
      ({ weightUpdate }) => weightUpdate,
    ),
    checkpoints: checkpoints.map(({ weightUpdate }) => weightUpdate),
  };
};

test("all that is given is stored, in its order", async () => {
  const { id, writer } = await writerOf();
  writer.firstStep(firstStep);
  writer.metrics([row(1), row(2)], progressAt(2));
  writer.checkpoint(checkpoint(2));
  writer.metrics([row(3)], progressAt(3));
  await writer.flush();
  expect(await stored(id)).toEqual({ updates: [1, 2, 3], checkpoints: [2] });
  expect(await storage.run(id)).toMatchObject({ state: "running", engine: "reference/float64" });
});

test("while PostgreSQL is away it keeps every row and the newest checkpoint, and stores them once it is back", async () => {
  const { id, writer, refused } = await writerOf();
  writer.firstStep(firstStep);
  await writer.flush();
  proxy.cut();
  for (let update = 1; update <= 9; update++) {
    writer.metrics([row(update)], progressAt(update));
    if (update % 3 === 0) writer.checkpoint(checkpoint(update));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await stored(id)).toEqual({ updates: [], checkpoints: [] });
  proxy.restore();
  await writer.flush();
  expect(await stored(id)).toEqual({ updates: [1, 2, 3, 4, 5, 6, 7, 8, 9], checkpoints: [9] });
  const [newest] = await listCheckpoints(storage.database, id);
  expect([...(await readCheckpoint(storage.database, newest))]).toEqual([9]);
  expect(refused).toEqual([]);
});

test("once the run is another's it says so once, and writes nothing more", async () => {
  const { id, writer, refused } = await writerOf();
  await storage.endLeases();
  await recoverLostRuns(storage.database);
  writer.metrics([row(1)], progressAt(1));
  await expect(writer.flush()).rejects.toThrow(StaleEpochError);
  writer.metrics([row(2)], progressAt(2));
  writer.checkpoint(checkpoint(2));
  await expect(writer.flush()).rejects.toThrow(StaleEpochError);
  expect(refused).toHaveLength(1);
  expect(await stored(id)).toEqual({ updates: [], checkpoints: [] });
});

test("a writer that is abandoned stops waiting", async () => {
  const { writer, refused, abandoned } = await writerOf();
  proxy.cut();
  writer.metrics([row(1)], progressAt(1));
  setTimeout(() => abandoned.abort(), 100);
  await expect(writer.flush()).rejects.toThrow(AbandonedError);
  expect(refused).toEqual([]);
});
