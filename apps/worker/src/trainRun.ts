/** One run from its data set to its last event, inside the training child. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type EngineFactory,
  type EngineRegistry,
  type TrainingControl,
  engineIdOfCheckpoint,
  resumeEngine,
  startEngine,
  train,
} from "@pclab/core";
import { type LoadExamples, createExamplesLoader } from "./examples.js";
import type { FromChild, PackPlace, TrainMessage } from "./messages.js";

/** Progress is told at most so often; a small network does thousands of minibatches a second. */
const PROGRESS_MS = 250;

export interface Supervision {
  engines: EngineRegistry;
  /** Set by the supervisor's request at any time. */
  control: TrainingControl;
  send: (message: FromChild) => Promise<void>;
  /** Of a member of a pack: its place, and what the pack shares. */
  pack?: PackPlace;
  loadExamples?: LoadExamples;
}

/**
 * The engine that a run is to have here.
 *
 * @throws EngineError engine_unsupported when it cannot start; CheckpointError for a checkpoint that is none
 */
export const chooseEngine = (
  { spec, engine, checkpoint }: Pick<TrainMessage, "spec" | "engine" | "checkpoint">,
  engines: EngineRegistry,
): EngineFactory =>
  checkpoint === null
    ? startEngine(engines, engine, spec.inference.method)
    : resumeEngine(engines, engine, engineIdOfCheckpoint(checkpoint), spec.inference.method);

export const trainRun = async (
  { spec, checkpoint, datasetsFolder, checkpointEverySeconds, slots, ...message }: TrainMessage,
  {
    engines,
    control,
    send,
    pack,
    loadExamples = createExamplesLoader(datasetsFolder),
  }: Supervision,
): Promise<void> => {
  const checkpointEngineId = checkpoint === null ? null : engineIdOfCheckpoint(checkpoint);
  const engine = chooseEngine({ spec, engine: message.engine, checkpoint }, engines);
  const { dataset, sha256: datasetSha256 } = await loadExamples(spec);
  const events = train({
    spec,
    dataset,
    engine,
    checkpoint,
    now: () => performance.now(),
    // A turn of the event loop: the supervisor's messages and its going are seen between minibatches.
    breathe: () => nextTurn(),
    control,
    checkpointEverySeconds,
    slots,
    stopAfterEpochs: message.stopAfterEpochs,
  });
  let isFirst = true;
  let progressMs = Number.NEGATIVE_INFINITY;
  for await (const event of events) {
    if (isFirst) {
      isFirst = false;
      const { id: engineId } = engine;
      await send({
        type: "first_step",
        engineId,
        checkpointEngineId,
        datasetSha256,
        pack: pack ?? null,
      });
    }
    if (event.type === "progress") {
      const nowMs = performance.now();
      if (nowMs - progressMs < PROGRESS_MS) continue;
      progressMs = nowMs;
    }
    await send(event);
  }
};
