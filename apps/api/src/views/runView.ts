/** A run's row as the API answers it. */
import type { RunBody } from "@pclab/contracts";
import { type SpecWire, allowedActions, isTerminal, numericsChangesIn } from "@pclab/core";
import type { RunRow } from "@pclab/storage";
import type { Line, Place } from "../line/line.js";

export const viewRuns = async (line: Line, runs: readonly RunRow[]): Promise<RunBody[]> => {
  const places = await line.placesOf(runs.filter(({ state }) => state === "queued"));
  return runs.map((run) => viewRun(run, places.get(run.id) ?? null));
};

export const viewOneRun = async (line: Line, run: RunRow): Promise<RunBody> => {
  const [body] = await viewRuns(line, [run]);
  if (body === undefined) throw new Error("viewRuns answered fewer runs than it was given");
  return body;
};

const viewRun = (run: RunRow, place: Place | null): RunBody => ({
  id: run.id,
  sweep_id: run.sweepId,
  user_id: run.userId,
  index: run.indexInSweep,
  name: run.name,
  state: run.state,
  reason: run.reason,
  reason_detail: run.reasonDetail,
  allowed_actions: allowedActions(run.state),
  attempt: run.attempt,
  engine: run.engine,
  numerics_changed: numericsChangesIn(run.manifest),
  spec: run.spec as SpecWire,
  tags: run.tags,
  notes: run.notes,
  duplicate_of: run.duplicateOf,
  results_of: run.resultsOf,
  stop_after_epochs: run.stopAfterEpochs,
  progress: viewProgress(run),
  queue:
    place === null
      ? null
      : {
          position: place.position,
          eta: place.eta?.toISOString() ?? null,
          eta_p90: place.cautiousEta?.toISOString() ?? null,
          eta_reason: place.reason,
        },
  metrics: shownMetrics(run),
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  finished_at: run.finishedAt?.toISOString() ?? null,
  poll_after_ms: isTerminal(run.state) ? null : 1000,
});

export const viewProgress = (run: RunRow): RunBody["progress"] => ({
  epoch: run.progressEpoch,
  weight_updates: run.weightUpdates,
  total_weight_updates: run.totalWeightUpdates,
  fraction:
    run.totalWeightUpdates === 0 ? 0 : Math.min(1, run.weightUpdates / run.totalWeightUpdates),
  seconds_left: run.secondsLeft,
});

/** What a run shows without being asked for its metrics. */
const shownMetrics = (run: RunRow): RunBody["metrics"] => {
  const values = {
    train_loss: run.trainLoss,
    train_accuracy: run.trainAccuracy,
    validation_loss: run.validationLoss,
    validation_accuracy: run.validationAccuracy,
    test_loss: run.testLoss,
    test_accuracy: run.testAccuracy,
    train_seconds: run.trainSeconds,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
};
