/** What the supervisor and its training child tell each other. Typed arrays cross as they are. */
import type {
  AnalysisSettings,
  CheckpointEvent,
  EngineChoice,
  ExperimentSpec,
  LandscapePoint,
  MetricRow,
  Progress,
  RunReason,
} from "@pclab/core";
import type { EngineSettings } from "./engines.js";

export interface TrainMessage {
  type: "train";
  spec: ExperimentSpec;
  /** Null for a fresh start. */
  checkpoint: Uint8Array | null;
  datasetsFolder: string;
  checkpointEverySeconds: number;
  slots: number;
  /** Epochs after which it stops for its search; null for none before its end. */
  stopAfterEpochs: number | null;
  /** The spec's choice or, where that is `auto`, the worker's. */
  engine: EngineChoice;
  engineSettings: EngineSettings;
  /** To begin with. */
  threads: number;
}

/** Looks at a trained network instead. */
export interface AnalyseMessage {
  type: "analyse";
  settings: AnalysisSettings;
  spec: ExperimentSpec;
  checkpoint: Uint8Array;
  /** Kept of the training before it, in its order. */
  earlier: Uint8Array[];
  datasetsFolder: string;
  engine: EngineChoice;
  engineSettings: EngineSettings;
  threads: number;
  /** Points that are stored already. */
  stored: LandscapePoint[];
}

/** Trains several runs in one engine; its place in this list names a member from here on. */
export interface PackMessage {
  type: "pack";
  members: TrainMessage[];
  /** Of the worker: members on fewer cores than there are of them have a thread each all the same. */
  mostThreads: number;
}

/** To a run that trains. */
export type ToRun =
  | { type: "write_checkpoint" }
  /** What the run may use from its next minibatch on. */
  | { type: "threads"; count: number };

/** To one of a pack. `leave` ends its training; the child confirms with `left`, and the others go on. */
export type ToMember = ToRun | { type: "leave" };

export type ToChild =
  | TrainMessage
  | AnalyseMessage
  | ToRun
  | PackMessage
  | { type: "to_member"; member: number; message: ToMember };

/** The child's first: it listens. */
export interface ReadyMessage {
  type: "ready";
}

/** Where a run trains in a pack: of how many runs, and which of them, from 1. */
export interface PackPlace {
  runs: number;
  place: number;
}

export interface FirstStepMessage {
  type: "first_step";
  engineId: string;
  /** Null for a fresh start. */
  checkpointEngineId: string | null;
  datasetSha256: string;
  /** Null for a run that trains in an engine of its own. */
  pack: PackPlace | null;
}

export type CheckpointMessage = { type: "checkpoint" } & CheckpointEvent;

/** Of an analysis: points as they come, and the result, after which nothing follows. */
export type FromAnalysis =
  | { type: "points"; engineId: string; points: LandscapePoint[] }
  | { type: "result"; engineId: string; result: object };

/** Nothing follows a `finished`, a `rung_reached` or a `fault`; the child then waits to be ended. */
export type FromChild =
  | FirstStepMessage
  | { type: "progress"; progress: Progress }
  | { type: "metrics"; rows: MetricRow[]; progress: Progress }
  | CheckpointMessage
  | { type: "rung_reached"; progress: Progress }
  | { type: "finished"; progress: Progress }
  | FromAnalysis
  | ({ type: "fault" } & Fault);

/** From the child of a pack; nothing of a member follows its `left`. */
export type FromPack =
  | { type: "from_member"; member: number; message: FromChild }
  | { type: "left"; member: number };

/** Why a run cannot be trained: training it again would end the same way. */
export interface Fault {
  reason: RunReason;
  detail: string;
}
