/**
 * One attempt at a run, from its claim to the write that ends it. The first of these ends it: the child says that it is
 * finished or at fault, the child dies, a heartbeat says cancelled or lost, a write is refused, the worker drains.
 */
import {
  type EngineChoice,
  type ExperimentSpec,
  type Progress,
  type Resumption,
  type RunState,
  numericsChangesOf,
  readStoredSpec,
} from "@pclab/core";
import {
  type ClaimedRun,
  type Database,
  type Fence,
  StaleEpochError,
  giveUpRun,
  isStorageFull,
  readCheckpoint,
  recordEnd,
} from "@pclab/storage";
import type { Logger } from "pino";
import type { EngineSettings } from "./engines.js";
import { evaluationLine } from "./evaluationLine.js";
import { faultBeforeTraining } from "./fault.js";
import type { Leased } from "./heartbeat.js";
import { manifestOf } from "./manifest.js";
import type { FirstStepMessage, FromChild, TrainMessage } from "./messages.js";
import { messageOf, whenDatabaseAnswers } from "./outage.js";
import { type Outcome, WITHOUT_ROOM, type WrittenOutcome } from "./outcome.js";
import { RunWriter } from "./runWriter.js";
import type { RunProcess, StartRunProcess } from "./runProcess.js";

export interface AttemptOptions {
  database: Database;
  claimed: ClaimedRun;
  slots: number;
  /** In a process of its own, or in one that it shares with its pack. */
  startProcess: StartRunProcess;
  /** What the worker gives to runs whose spec says `auto`. */
  workerEngine: EngineChoice;
  engineSettings: EngineSettings;
  datasetsFolder: string;
  checkpointSeconds: number;
  host: string;
  version: string;
  gitSha: string | null;
  logger: Logger;
  /** Aborted when the worker drains: the run is handed back with a checkpoint. */
  draining: AbortSignal;
  /** Aborted when the worker must go at once. */
  abandoned: AbortSignal;
}

/** A canceled child gets so long before it is killed. */
const STOP_GRACE_MS = 2_000;

/** A draining child gets so long for its minibatch and its checkpoint, of the 30 s that a drain may take. */
const DRAIN_CHECKPOINT_MS = 20_000;

export class Attempt implements Leased {
  readonly fence: Fence;
  progress: Progress | null = null;
  readonly #options: AttemptOptions;
  readonly #writer: RunWriter;
  readonly #outcome: Promise<Outcome>;
  #settle!: (outcome: Outcome) => void;
  #child: RunProcess | null = null;
  #threads = 1;
  /** How the attempt ends with its next checkpoint; null while it goes on. */
  #stop: Outcome | null = null;

  constructor(options: AttemptOptions) {
    const { database, claimed, logger, abandoned } = options;
    this.#options = options;
    this.fence = { runId: claimed.id, epoch: claimed.epoch };
    this.#outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#writer = new RunWriter({
      database,
      fence: this.fence,
      logger,
      abandoned,
      onRefused: (error) => this.#onRefused(error),
    });
  }

  onBeat(state: RunState | null, isPreempted: boolean): void {
    if (state === null) this.#settle({ type: "lost" });
    if (state === "canceling") this.#settle({ type: "canceled" });
    if (state === "pausing") this.#stopAtCheckpoint({ type: "paused" });
    else if (isPreempted) {
      const detail = "work of a higher class wanted its slots";
      this.#stopAtCheckpoint({ type: "handed_back", detail });
    }
  }

  /** The run's share of the worker's cores, from its next minibatch on. */
  setThreads(count: number): void {
    this.#threads = count;
    this.#child?.send({ type: "threads", count });
  }

  /** Trains the run and writes its end. Throws only what is no outcome of a run: AbandonedError. */
  async run(): Promise<void> {
    const { abandoned, draining, logger } = this.#options;
    const drain = (): void => this.#drain();
    const drop = (): void => this.#settle({ type: "lost" });
    draining.addEventListener("abort", drain, { once: true });
    abandoned.addEventListener("abort", drop, { once: true });
    try {
      await this.#start();
      if (draining.aborted) this.#drain();
      const outcome = await this.#outcome;
      logger.info({ outcome }, "an attempt ends");
      await this.#end(outcome);
    } finally {
      draining.removeEventListener("abort", drain);
      abandoned.removeEventListener("abort", drop);
      await this.#child?.kill();
    }
  }

  async #start(): Promise<void> {
    const {
      claimed,
      datasetsFolder,
      checkpointSeconds,
      slots,
      workerEngine,
      engineSettings,
      startProcess,
    } = this.#options;
    try {
      const spec = readStoredSpec(claimed.storedSpec);
      const checkpoint = await this.#readCheckpoint();
      const train: TrainMessage = {
        type: "train",
        spec,
        checkpoint,
        datasetsFolder,
        checkpointEverySeconds: checkpointSeconds,
        slots,
        stopAfterEpochs: claimed.stopAfterEpochs,
        engine: spec.engine === "auto" ? workerEngine : spec.engine,
        engineSettings,
        threads: this.#threads,
      };
      this.#child = await startProcess(train, {
        onMessage: (message) => this.#onMessage(message, spec),
        onLine: (line) => this.#writer.log("warn", line),
        onUnexpectedEnd: (end) => this.#settle(end),
      });
      // The cores may have been shared out anew meanwhile.
      this.#child.send({ type: "threads", count: this.#threads });
      this.#writer.log("info", this.#beginning());
      if (this.#stop !== null) this.#child.send({ type: "write_checkpoint" });
    } catch (error) {
      const fault = faultBeforeTraining(error);
      if (fault === null) throw error;
      this.#settle({ type: "fault", ...fault });
    }
  }

  #beginning(): string {
    const { claimed, host } = this.#options;
    const from =
      claimed.checkpoint === null
        ? "from the start"
        : `from the checkpoint at weight update ${claimed.checkpoint.weightUpdate}`;
    return `attempt ${claimed.attempt} begins ${from}, on ${host} with ${this.#threads} thread${this.#threads === 1 ? "" : "s"}`;
  }

  async #readCheckpoint(): Promise<Uint8Array | null> {
    const { claimed, database } = this.#options;
    const { checkpoint } = claimed;
    if (checkpoint === null) return null;
    return this.#patiently(() => readCheckpoint(database, checkpoint));
  }

  #onMessage(message: FromChild, spec: ExperimentSpec): void {
    const { claimed } = this.#options;
    switch (message.type) {
      case "first_step":
        this.#onFirstStep(message, spec);
        return;
      case "progress":
        this.progress = message.progress;
        return;
      case "metrics":
        this.progress = message.progress;
        this.#writer.metrics(message.rows, message.progress);
        this.#writer.log("info", evaluationLine(message.rows, message.progress));
        return;
      case "checkpoint": {
        const { type: _, ...checkpoint } = message;
        this.#writer.checkpoint({ attempt: claimed.attempt, ...checkpoint });
        if (this.#stop !== null && !checkpoint.final) this.#settle(this.#stop);
        return;
      }
      case "finished":
      case "rung_reached":
        this.progress = message.progress;
        this.#settle({ type: message.type });
        return;
      case "fault":
        this.#settle(message);
        return;
      case "points":
      case "result":
        throw new Error(`a training child sent ${message.type}`);
    }
  }

  #onFirstStep(message: FirstStepMessage, spec: ExperimentSpec): void {
    const { claimed, version, gitSha, workerEngine, logger } = this.#options;
    const { engineId, datasetSha256, pack } = message;
    const resumption = this.#resumptionOf(message);
    const numericsChanged = resumption !== null && resumption.engineId !== engineId;
    if (numericsChanged) logger.warn({ resumption, engineId }, "resumed on another engine");
    const manifest = manifestOf({
      spec,
      engineId,
      workerEngine,
      numericsChanges: numericsChangesOf(claimed.manifest, resumption, engineId),
      datasetSha256,
      pack,
      version,
      gitSha,
    });
    this.#writer.firstStep({ engine: engineId, manifest, numericsChanged });
    if (pack !== null) {
      const { runs, place } = pack;
      this.#writer.log("info", `it trains in a pack of ${runs} runs, as number ${place}`);
    }
    if (numericsChanged) {
      this.#writer.log(
        "warn",
        `it goes on with ${engineId}, and began with ${resumption.engineId}`,
      );
    }
  }

  #resumptionOf({ checkpointEngineId }: FirstStepMessage): Resumption | null {
    const { checkpoint } = this.#options.claimed;
    if (checkpoint === null || checkpointEngineId === null) return null;
    return { engineId: checkpointEngineId, weightUpdate: checkpoint.weightUpdate };
  }

  #onRefused(error: unknown): void {
    if (error instanceof StaleEpochError) this.#settle({ type: "lost" });
    else if (isStorageFull(error)) {
      this.#options.logger.error({ error: messageOf(error) }, "a write found no room");
      this.#settle(WITHOUT_ROOM);
    } else this.#settle({ type: "crashed", detail: `a write failed: ${messageOf(error)}` });
  }

  /** The first reason to stop stays the reason. */
  #stopAtCheckpoint(outcome: Outcome): void {
    if (this.#stop !== null) return;
    this.#stop = outcome;
    this.#child?.send({ type: "write_checkpoint" });
  }

  #drain(): void {
    this.#stopAtCheckpoint({ type: "handed_back", detail: "the worker drains" });
    const detail = "the worker drains; no checkpoint came in time";
    const timeout = setTimeout(
      () => this.#settle({ type: "handed_back", detail }),
      DRAIN_CHECKPOINT_MS,
    );
    void this.#outcome.then(() => clearTimeout(timeout));
  }

  async #end(outcome: Outcome): Promise<void> {
    if (outcome.type === "canceled") await this.#child?.stop(STOP_GRACE_MS);
    else await this.#child?.kill();
    try {
      await this.#write(outcome);
    } catch (error) {
      if (!(error instanceof StaleEpochError)) throw error;
      this.#options.logger.warn("the run is another worker's by now; nothing was written");
    }
  }

  async #write(wanted: Outcome): Promise<void> {
    const { database, abandoned, logger } = this.#options;
    const { fence, progress } = this;
    if (wanted.type === "lost") return;
    if ("detail" in wanted) {
      const level = wanted.type === "handed_back" ? "info" : "error";
      this.#writer.log(level, `the attempt ends: ${wanted.detail}`);
    }
    const outcome = await this.#storeWhatCame(wanted);
    const write = async (): Promise<void> => {
      switch (outcome.type) {
        case "finished":
          return recordEnd(database, fence, { event: "last_step" }, progress);
        case "fault": {
          const { reason, detail } = outcome;
          return recordEnd(database, fence, { event: "fault", reason, detail }, progress);
        }
        case "canceled":
          return recordEnd(database, fence, { event: "stopped" }, progress);
        case "paused":
          return recordEnd(database, fence, { event: "checkpoint_written" }, progress);
        case "rung_reached":
          return recordEnd(database, fence, { event: "rung_reached" }, progress);
        case "crashed":
        case "handed_back":
        case "storage_full":
          await giveUpRun(database, fence, outcome.type, outcome.detail);
      }
    };
    // These few rows may find no room either. They are tried until there is some, and the heartbeat with them; should the
    // lease run out meanwhile, the dispatcher knows that nobody could renew it, and counts no crash.
    await whenDatabaseAnswers(write, { signal: abandoned, logger, waitsForRoom: true });
  }

  /**
   * What came before the end belongs to the run; only a cancel does not wait for it. Answers how the attempt ends: without
   * room for it, no end is the one that the child told of.
   */
  async #storeWhatCame(wanted: WrittenOutcome): Promise<WrittenOutcome> {
    if (wanted.type === "canceled") return wanted;
    try {
      await this.#writer.flush();
    } catch (error) {
      if (error instanceof StaleEpochError) throw error;
      // The refused write may be what ended the attempt: it is told of in the outcome.
      if (wanted.type === "crashed" || wanted.type === "storage_full") return wanted;
      if (!isStorageFull(error)) throw error;
      return WITHOUT_ROOM;
    }
    return wanted;
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { abandoned, logger } = this.#options;
    return whenDatabaseAnswers(work, { signal: abandoned, logger });
  }
}
