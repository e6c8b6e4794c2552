/** Sweeps with a search, submitted as the API does, and their runs trained by a made-up worker that knows how they end. */
import { type DatasetName, type ExperimentSpec, type RunState, readStoredSpec } from "@pclab/core";
import { type Fence, claimRun, recordEnd, recordFirstStep, recordMetrics } from "@pclab/storage";
import { checkSweep, submitSweep } from "../apps/api/src/submitSweep.js";
import { LEASE_MS, type TestStorage } from "./storage.js";

const inspectDataset = async (name: DatasetName) => ({
  name,
  trainCount: 60_000,
  testCount: 10_000,
  sha256: "",
});

export const submitBody = async (
  { database, userId }: TestStorage,
  body: object,
): Promise<string> => {
  const caller = {
    user: { id: userId, name: "ada", requestsPerMinute: null },
    token: { id: "tok_test", scope: "submit" as const },
  };
  const checked = await checkSweep({ database, inspectDataset }, caller, body);
  const outcome = await submitSweep(
    { database },
    { caller, body, checked, idempotencyKey: undefined, answer: () => ({}) as never },
  );
  if (!("stored" in outcome)) throw new Error("a sweep without a key was replayed");
  return outcome.stored.id;
};

export interface MadeUpRun {
  id: string;
  index: number;
  spec: ExperimentSpec;
  state: RunState;
  epoch: number;
  stopAfterEpochs: number | null;
}

export const runsOf = async ({ database }: TestStorage, sweepId: string): Promise<MadeUpRun[]> => {
  const rows = await database.prisma.run.findMany({
    where: { sweepId },
    orderBy: { indexInSweep: "asc" },
  });
  return rows.map((row) => ({
    id: row.id,
    index: row.indexInSweep,
    spec: readStoredSpec(row.spec),
    state: row.state as RunState,
    epoch: row.epoch,
    stopAfterEpochs: row.stopAfterEpochs,
  }));
};

/** Validation accuracy after so many epochs; null for a run that diverges on the way there. */
export type Curve = (spec: ExperimentSpec, epochs: number) => number | null;

/** Trains a queued run to where it stops. */
export const trainRun = async (
  { database }: TestStorage,
  run: MadeUpRun,
  curve: Curve,
): Promise<void> => {
  const claimed = await claimRun(database, {
    runId: run.id,
    epoch: run.epoch,
    workerId: "wrk_test",
    host: "here",
    slots: 1,
    leaseMs: LEASE_MS,
  });
  if (claimed === null) throw new Error(`${run.id} could not be claimed`);
  const fence: Fence = { runId: run.id, epoch: claimed.epoch };
  await recordFirstStep(database, fence, {
    engine: "made up",
    manifest: {},
    numericsChanged: false,
  });
  const epochs = claimed.stopAfterEpochs ?? run.spec.epochs ?? 0;
  const value = curve(run.spec, epochs);
  if (value === null) {
    const ending = { event: "fault", reason: "diverged", detail: "made up" } as const;
    return recordEnd(database, fence, ending, null);
  }
  const weightUpdate = epochs * Math.ceil(run.spec.trainSize / run.spec.batchSize);
  await recordMetrics(database, fence, [
    { weightUpdate, name: "validation_accuracy", layer: null, value },
    { weightUpdate, name: "validation_loss", layer: null, value: 1 - value },
  ]);
  const event = claimed.stopAfterEpochs === null ? "last_step" : "rung_reached";
  return recordEnd(database, fence, { event }, null);
};
