import type { MetricRow } from "@pclab/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, fenceOf } from "../../../tests/storage.js";
import { recordEnd, recordMetrics } from "./liveRuns.js";
import { listMeasuredRuns } from "./runs.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const row = (weightUpdate: number, name: MetricRow["name"], value: number): MetricRow => ({
  weightUpdate,
  name,
  layer: null,
  value,
});

test("a finished run is measured in seconds of one thread: one that had eight took eight times as long", async () => {
  const claimed = await storage.running();
  const fence = fenceOf(claimed);
  await recordMetrics(storage.database, fence, [
    row(5, "train_seconds", 1),
    row(5, "thread_seconds", 8),
    row(9, "train_seconds", 2),
    row(9, "thread_seconds", 16),
  ]);
  expect(await listMeasuredRuns(storage.database, 10)).toEqual([]);
  await recordEnd(storage.database, fence, { event: "last_step" }, null);
  expect(await listMeasuredRuns(storage.database, 10)).toMatchObject([{ trainSeconds: 16 }]);
});
