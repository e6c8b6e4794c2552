/** What the training loop tells its caller. The loop does no I/O: storing, logging and stopping are the caller's. */
import type { MetricName } from "./metrics.js";

/** One measured value; `layer` is 1..L for a metric per layer, else null. */
export interface MetricRow {
  weightUpdate: number;
  name: MetricName;
  layer: number | null;
  value: number;
}

export interface Progress {
  /** Epochs done, fractional. */
  epoch: number;
  weightUpdate: number;
  totalWeightUpdates: number;
  /** 0..1. */
  fraction: number;
  /** Seconds of training left, to the run's end or its rung, at the measured pace; null before anything was measured. */
  secondsLeft: number | null;
}

export interface CheckpointEvent {
  bytes: Uint8Array;
  weightUpdate: number;
  /** The run's last. */
  final: boolean;
  /** One of those that the spec asks to keep: it stays when newer ones come. */
  kept: boolean;
  /** With `keep_best`: of the evaluation that validated best so far; it stays until a better one comes. */
  best: boolean;
}

export type TrainingEvent =
  /** After every minibatch; a cheap object, the caller decides how often to pass it on. */
  | { type: "progress"; progress: Progress }
  /** After an evaluation. The rows of one evaluation always come in one event. */
  | { type: "metrics"; rows: MetricRow[]; progress: Progress }
  /** The whole run as safetensors bytes: training resumed from them goes on exactly. */
  | ({ type: "checkpoint" } & CheckpointEvent)
  /** The run stands at its rung, and its last checkpoint is of there; nothing follows. */
  | { type: "rung_reached"; progress: Progress }
  | { type: "finished"; progress: Progress };
