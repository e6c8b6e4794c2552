/** What a run gives when nothing disturbs it: trained here, in one go, without worker, queue or checkpoint. */
import {
  CLOCK_METRICS,
  type ExperimentSpec,
  type MetricRow,
  createDataset,
  readSafetensors,
  startEngine,
  train,
} from "@pclab/core";
import {
  type Database,
  listCheckpoints,
  listMetrics,
  loadDataset,
  readCheckpoint,
} from "@pclab/storage";
import { expect } from "vitest";
import { createEngines } from "../../apps/worker/src/engines.js";

export interface Result {
  /** Tensor name to its bytes. */
  tensors: Map<string, Buffer>;
  /** Without the clock columns, in one order. */
  rows: MetricRow[];
}

/** Every lab has the same images: a spec is trained once a test file. */
export const trainUndisturbed = (spec: ExperimentSpec, datasetsFolder: string): Promise<Result> => {
  const key = JSON.stringify(spec);
  const result = trained.get(key) ?? trainHere({ spec, datasetsFolder, checkpoint: null });
  trained.set(key, result);
  return result;
};

const trained = new Map<string, Promise<Result>>();

export interface TrainHereOptions {
  spec: ExperimentSpec;
  datasetsFolder: string;
  /** Null for a fresh start. */
  checkpoint: Uint8Array | null;
}

/** In this process, to the end; the rows are those from the checkpoint on. */
export const trainHere = async ({
  spec,
  datasetsFolder,
  checkpoint,
}: TrainHereOptions): Promise<Result> => {
  const files = await loadDataset(spec.dataset, { datasetsFolder });
  const rows: MetricRow[] = [];
  let bytes = new Uint8Array();
  const events = train({
    spec,
    dataset: createDataset(files, spec),
    engine: startEngine(createEngines({ tfjsBackend: "cpu" }), spec.engine),
    checkpoint,
    now: () => performance.now(),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    control: { checkpointRequested: false, threads: 1 },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  });
  for await (const event of events) {
    if (event.type === "metrics") rows.push(...event.rows);
    if (event.type === "checkpoint") bytes = new Uint8Array(event.bytes);
  }
  return { tensors: tensorsOf(bytes), rows: comparable(rows) };
};

/** The tensors alone: the loop's state beside them holds the clocks. */
export const tensorsOf = (checkpoint: Uint8Array): Map<string, Buffer> =>
  new Map(
    readSafetensors(checkpoint).tensors.map(({ name, values }) => [
      name,
      Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    ]),
  );

export const comparable = (rows: readonly MetricRow[]): MetricRow[] =>
  rows
    .filter(({ name }) => !CLOCK_METRICS.includes(name))
    .sort(
      (a, b) =>
        a.weightUpdate - b.weightUpdate ||
        a.name.localeCompare(b.name) ||
        (a.layer ?? 0) - (b.layer ?? 0),
    );

/** What the lab holds of a run that succeeded. */
export const storedResult = async (database: Database, runId: string): Promise<Result> => {
  const [checkpoint] = await listCheckpoints(database, runId);
  if (!checkpoint?.final) throw new Error(`${runId} has no final checkpoint`);
  return {
    tensors: tensorsOf(await readCheckpoint(database, checkpoint)),
    rows: comparable(await listMetrics(database, { runId })),
  };
};

export const expectEqualResults = (actual: Result, expected: Result): void => {
  expect([...actual.tensors.keys()]).toEqual([...expected.tensors.keys()]);
  for (const [name, bytes] of expected.tensors) {
    expect(actual.tensors.get(name)?.equals(bytes), name).toBe(true);
  }
  expect(expected.rows.length).toBeGreaterThan(0);
  expect(actual.rows).toEqual(expected.rows);
};
