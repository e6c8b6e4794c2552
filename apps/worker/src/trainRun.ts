/** One run from its data set to its last event, inside the training child. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type EngineRegistry,
  type TrainingControl,
  createDataset,
  engineIdOfCheckpoint,
  resumeEngine,
  startEngine,
  train,
} from "@pclab/core";
import { loadDataset } from "@pclab/storage";
import type { FromChild, TrainMessage } from "./messages.js";

/** Progress is told at most so often; a small network does thousands of minibatches a second. */
const PROGRESS_MS = 250;

export interface Supervision {
  engines: EngineRegistry;
  /** Set by the supervisor's request at any time. */
  control: TrainingControl;
  send: (message: FromChild) => Promise<void>;
}

export const trainRun = async (
  { spec, checkpoint, datasetsFolder, checkpointEverySeconds, slots, ...message }: TrainMessage,
  { engines, control, send }: Supervision,
): Promise<void> => {
  const checkpointEngineId = checkpoint === null ? null : engineIdOfCheckpoint(checkpoint);
  const engine =
    checkpointEngineId === null
      ? startEngine(engines, message.engine, spec.inference.method)
      : resumeEngine(engines, message.engine, checkpointEngineId, spec.inference.method);
  const files = await loadDataset(spec.dataset, { datasetsFolder });
  const events = train({
    spec,
    dataset: createDataset(files, spec),
    engine,
    checkpoint,
    now: () => performance.now(),
    // A turn of the event loop: the supervisor's messages and its going are seen between minibatches.
    breathe: () => nextTurn(),
    control,
    checkpointEverySeconds,
    slots,
  });
  let isFirst = true;
  let progressMs = Number.NEGATIVE_INFINITY;
  for await (const event of events) {
    if (isFirst) {
      isFirst = false;
      const { id: engineId } = engine;
      const { sha256: datasetSha256 } = files;
      await send({ type: "first_step", engineId, checkpointEngineId, datasetSha256 });
    }
    if (event.type === "progress") {
      const nowMs = performance.now();
      if (nowMs - progressMs < PROGRESS_MS) continue;
      progressMs = nowMs;
    }
    await send(event);
  }
};
