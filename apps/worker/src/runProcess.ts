/** The process that trains a run, as its attempt sees it: a child of its own, or a place in the child of a pack. */
import type { ToRun, TrainMessage } from "./messages.js";
import {
  type TrainingChildOptions,
  type UnexpectedEnd,
  startTrainingChild,
} from "./trainingChild.js";

export interface RunProcess {
  send(message: ToRun): void;
  /** Resolves when the run is trained no longer, and nothing more comes of it. */
  kill(): Promise<void>;
  /** The same, politely at first. */
  stop(graceMs: number): Promise<void>;
}

export interface RunProcessOptions extends Omit<TrainingChildOptions, "onUnexpectedEnd"> {
  /** `handed_back`: the process was ended for no fault of the run. */
  onUnexpectedEnd: (end: UnexpectedEnd | { type: "handed_back"; detail: string }) => void;
}

export type StartRunProcess = (
  train: TrainMessage,
  options: RunProcessOptions,
) => Promise<RunProcess>;

export const trainAlone: StartRunProcess = async (train, options) => {
  const child = await startTrainingChild(options);
  child.send(train);
  return child;
};
