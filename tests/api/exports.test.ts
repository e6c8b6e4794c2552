/** A sweep as a table: CSV, JSON lines, and Parquet as a reader by other hands sees it. */
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm";
import { recordMetrics } from "@pclab/storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
let sweepId: string;
let runIds: string[];

beforeAll(async () => {
  lab = await startTestLab();
  const response = await lab.ada.post("/v1/sweeps", {
    name: 'commas, "quotes" and\nlines',
    base: { ...smallBase },
    grid: { algorithm: ["bp", "pc"], seed: [0, 1] },
    tags: ["a", "b"],
  });
  sweepId = response.json().id;
  const { data } = (await lab.ada.get(`/v1/sweeps/${sweepId}/runs`)).json();
  runIds = data.map(({ id }: { id: string }) => id);
  await recordMetrics(lab.database, await claimForTest(lab, runIds[2]), [
    { weightUpdate: 1, name: "validation_accuracy", layer: null, value: 0.25 },
    { weightUpdate: 1, name: "energy", layer: 2, value: 1e-7 },
    { weightUpdate: 2, name: "validation_accuracy", layer: null, value: 0.75 },
  ]);
});
afterAll(() => lab.close());

const exported = (query: string) => lab.ada.get(`/v1/sweeps/${sweepId}/export?${query}`);

const parquetRows = (bytes: Uint8Array): Record<string, unknown>[] =>
  tableFromIPC(readParquet(bytes).intoIPCStream())
    .toArray()
    .map((row) => row.toJSON() as Record<string, unknown>);

test("CSV has a row a run, with its spec and the last of its metrics", async () => {
  const response = await exported("format=csv");
  expect(response.headers["content-type"]).toContain("text/csv");
  expect(response.headers["content-disposition"]).toContain(`${sweepId}-runs.csv`);
  const [head, ...rows] = response.body.trimEnd().split("\n");
  const names = head.split(",");
  expect(rows).toHaveLength(4);
  const value = (row: number, name: string) =>
    // The tags are the one cell with a comma.
    rows[row].replace('"a,b"', "a+b").split(",")[names.indexOf(name)];
  expect(value(2, "run_id")).toBe(runIds[2]);
  expect(value(2, "validation_accuracy")).toBe("0.75");
  expect(value(2, "spec.algorithm")).toBe("pc");
  expect(value(0, "spec.inference.steps")).toBe("256");
  expect(value(0, "spec.standardise")).toBe("true");
  expect(value(0, "validation_accuracy")).toBe("");
  expect(value(3, "tags")).toBe("a+b");
});

test("JSON lines and Parquet hold the same rows, with their types", async () => {
  const lines = (await exported("format=jsonl")).body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const rows = parquetRows((await exported("format=parquet")).rawPayload);
  expect(rows).toEqual(lines);
  expect(rows[2]).toMatchObject({
    run_id: runIds[2],
    index: 2,
    validation_accuracy: 0.75,
    "spec.seed": 0,
    "spec.standardise": true,
    reason: null,
  });
});

test("every measured value is a row of the table of metrics", async () => {
  const rows = parquetRows((await exported("format=parquet&table=metrics")).rawPayload);
  expect(rows).toEqual([
    {
      run_id: runIds[2],
      name: "pc_4_2",
      seed: 0,
      weight_update: 1,
      metric: "energy",
      layer: 2,
      value: 1e-7,
    },
    {
      run_id: runIds[2],
      name: "pc_4_2",
      seed: 0,
      weight_update: 1,
      metric: "validation_accuracy",
      layer: null,
      value: 0.25,
    },
    {
      run_id: runIds[2],
      name: "pc_4_2",
      seed: 0,
      weight_update: 2,
      metric: "validation_accuracy",
      layer: null,
      value: 0.75,
    },
  ]);
  const lines = (await exported("format=jsonl&table=metrics")).body.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
  const csv = (await exported("format=csv&table=metrics")).body.trimEnd().split("\n");
  expect(csv).toHaveLength(4);
});

test("a sweep without a measurement has an empty table, and another's is not there", async () => {
  const { id } = (
    await lab.ben.post("/v1/sweeps", { base: { ...smallBase, algorithm: "bp" } })
  ).json();
  const empty = await lab.ben.get(`/v1/sweeps/${id}/export?format=parquet&table=metrics`);
  expect(parquetRows(empty.rawPayload)).toEqual([]);
  expect((await lab.ada.get(`/v1/sweeps/${id}/export`)).statusCode).toBe(404);
  expect((await exported("format=xls")).statusCode).toBe(422);
});
