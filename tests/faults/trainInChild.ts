/** A run in the worker's own training child, a process that is killed or left to its end; neither queue nor database. */
import { EventEmitter, once } from "node:events";
import type { ExperimentSpec, MetricRow } from "@pclab/core";
import type {
  CheckpointMessage,
  FirstStepMessage,
  FromChild,
} from "../../apps/worker/src/messages.js";
import { startTrainingChild } from "../../apps/worker/src/trainingChild.js";

export interface Training {
  spec: ExperimentSpec;
  datasetsFolder: string;
  threads: number;
  /** Null for a fresh start. */
  checkpoint: Uint8Array | null;
}

/** What is left of an attempt: as a lab does, this keeps what had come up to the newest checkpoint, and no more. */
export interface Told {
  firstStep: FirstStepMessage;
  checkpoint: CheckpointMessage;
  /** Of the evaluations before that checkpoint. */
  rows: MetricRow[];
  /** `finished`, or how the process died. */
  end: string;
}

/** Trains to the end of the run, without a checkpoint on the way. */
export const trainInChild = (training: Training): Promise<Told> =>
  attempt(training, Number.POSITIVE_INFINITY);

/**
 * Trains with a checkpoint after every minibatch. Once so many have come after the first evaluation, the child is killed
 * as by `kill -9`, in the midst of whatever it is doing.
 */
export const killInChild = (training: Training, checkpoints: number): Promise<Told> =>
  attempt(training, checkpoints);

const attempt = async ({ spec, ...training }: Training, killAfter: number): Promise<Told> => {
  const messages: FromChild[] = [];
  const ends = new EventEmitter<{ end: [string] }>();
  const ended = once(ends, "end");
  const child = await startTrainingChild({
    onMessage: (message) => {
      messages.push(message);
      if (message.type === "finished") ends.emit("end", "finished");
      if (message.type === "fault") ends.emit("end", message.detail);
      if (message.type === "checkpoint" && checkpointsAfterEvaluation(messages) === killAfter) {
        if (child.pid !== undefined) process.kill(child.pid, "SIGKILL");
      }
    },
    onLine: () => undefined,
    onUnexpectedEnd: ({ detail }) => ends.emit("end", detail),
  });
  try {
    child.send({
      type: "train",
      spec,
      ...training,
      checkpointEverySeconds: Number.isFinite(killAfter) ? 0 : Number.POSITIVE_INFINITY,
      slots: 1,
      stopAfterEpochs: null,
      engine: spec.engine,
      engineSettings: {},
    });
    const [end] = (await ended) as [string];
    return toldOf(messages, end);
  } finally {
    await child.kill();
  }
};

const checkpointsAfterEvaluation = (messages: readonly FromChild[]): number => {
  const evaluation = messages.findIndex(({ type }) => type === "metrics");
  if (evaluation < 0) return 0;
  return messages.slice(evaluation).filter(({ type }) => type === "checkpoint").length;
};

const toldOf = (messages: readonly FromChild[], end: string): Told => {
  const firstStep = messages.find((message) => message.type === "first_step");
  const newest = messages.findLastIndex(({ type }) => type === "checkpoint");
  const checkpoint = messages[newest];
  if (firstStep === undefined || checkpoint?.type !== "checkpoint") {
    throw new Error(`the child ended before its first checkpoint: ${end}`);
  }
  const rows = messages
    .slice(0, newest)
    .flatMap((message) => (message.type === "metrics" ? message.rows : []));
  return { firstStep, checkpoint, rows, end };
};
