/** One attempt at an analysis, from its claim to the write that ends it; attempt.ts is the same for a run. */
import { type EngineChoice, looksAtTraining, readStoredSpec } from "@pclab/core";
import {
  type AnalysisFence,
  type ClaimedAnalysis,
  type Database,
  StaleAnalysisError,
  giveUpAnalysis,
  listAnalysisPoints,
  readCheckpoint,
  recordAnalysisEnd,
  recordAnalysisPoints,
} from "@pclab/storage";
import type { Logger } from "pino";
import type { EngineSettings } from "./engines.js";
import { faultBeforeTraining } from "./fault.js";
import type { LeasedAnalysis } from "./heartbeat.js";
import type { Fault, FromChild } from "./messages.js";
import { messageOf, whenDatabaseAnswers } from "./outage.js";
import { type TrainingChild, startTrainingChild } from "./trainingChild.js";

export interface AnalysisAttemptOptions {
  database: Database;
  claimed: ClaimedAnalysis;
  workerEngine: EngineChoice;
  engineSettings: EngineSettings;
  datasetsFolder: string;
  logger: Logger;
  /** Aborted when the worker drains: what is stored stays, and the rest is for another. */
  draining: AbortSignal;
  abandoned: AbortSignal;
}

type Outcome =
  | { type: "succeeded"; engine: string; result: object }
  | ({ type: "fault" } & Fault)
  | { type: "crashed" | "handed_back"; detail: string }
  | { type: "canceled" }
  /** Another's by now, or the worker must go: nothing more is written. */
  | { type: "lost" };

export class AnalysisAttempt implements LeasedAnalysis {
  readonly analysisFence: AnalysisFence;
  readonly #options: AnalysisAttemptOptions;
  readonly #outcome: Promise<Outcome>;
  #settle!: (outcome: Outcome) => void;
  #child: TrainingChild | null = null;
  #threads = 1;
  /** Writes in their order. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: AnalysisAttemptOptions) {
    this.#options = options;
    this.analysisFence = { analysisId: options.claimed.id, epoch: options.claimed.epoch };
    this.#outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  onBeat(lease: "held" | "canceling" | "lost"): void {
    if (lease === "lost") this.#settle({ type: "lost" });
    if (lease === "canceling") this.#settle({ type: "canceled" });
  }

  /** The analysis's share of the worker's cores, from its next point on. */
  setThreads(count: number): void {
    this.#threads = count;
    this.#child?.send({ type: "threads", count });
  }

  /** Computes the analysis and writes its end. Throws only what is no outcome: AbandonedError. */
  async run(): Promise<void> {
    const { abandoned, draining, logger } = this.#options;
    const drain = (): void => this.#settle({ type: "handed_back", detail: "the worker drains" });
    const drop = (): void => this.#settle({ type: "lost" });
    draining.addEventListener("abort", drain, { once: true });
    abandoned.addEventListener("abort", drop, { once: true });
    try {
      await this.#start();
      if (draining.aborted) drain();
      const outcome = await this.#outcome;
      logger.info({ outcome: outcome.type }, "an attempt ends");
      await this.#child?.kill();
      await this.#write(outcome);
    } finally {
      draining.removeEventListener("abort", drain);
      abandoned.removeEventListener("abort", drop);
      await this.#child?.kill();
    }
  }

  async #start(): Promise<void> {
    const { claimed, database, datasetsFolder, workerEngine, engineSettings } = this.#options;
    try {
      const spec = readStoredSpec(claimed.storedSpec);
      const checkpoint = await this.#patiently(() => readCheckpoint(database, claimed.checkpoint));
      // One after the other: a large network's are large.
      const earlier: Uint8Array[] = [];
      if (looksAtTraining(claimed.settings)) {
        for (const row of claimed.earlier)
          earlier.push(await this.#patiently(() => readCheckpoint(database, row)));
      }
      const stored = await this.#patiently(() => listAnalysisPoints(database, claimed.id));
      this.#child = await startTrainingChild({
        onMessage: (message) => this.#onMessage(message),
        onLine: (line) => this.#options.logger.warn({ line }, "the child says"),
        onUnexpectedEnd: (end) => this.#settle(end),
      });
      this.#child.send({
        type: "analyse",
        settings: claimed.settings,
        spec,
        checkpoint,
        earlier,
        datasetsFolder,
        engine: spec.engine === "auto" ? workerEngine : spec.engine,
        engineSettings,
        threads: this.#threads,
        stored,
      });
    } catch (error) {
      const fault = faultBeforeTraining(error);
      if (fault === null) throw error;
      this.#settle({ type: "fault", ...fault });
    }
  }

  #onMessage(message: FromChild): void {
    switch (message.type) {
      case "points": {
        const { engineId: engine, points } = message;
        this.#later(() =>
          recordAnalysisPoints(this.#options.database, this.analysisFence, { engine, points }),
        );
        return;
      }
      case "result":
        this.#settle({ type: "succeeded", engine: message.engineId, result: message.result });
        return;
      case "fault":
        this.#settle(message);
        return;
      default:
        throw new Error(`an analysing child sent ${message.type}`);
    }
  }

  #later(write: () => Promise<void>): void {
    this.#writing = this.#writing
      .then(() => this.#patiently(write))
      .catch((error: unknown) => {
        if (error instanceof StaleAnalysisError) this.#settle({ type: "lost" });
        else this.#settle({ type: "crashed", detail: `a write failed: ${messageOf(error)}` });
      });
  }

  async #write(outcome: Outcome): Promise<void> {
    const { database, logger } = this.#options;
    await this.#writing;
    if (outcome.type === "lost") return;
    try {
      await this.#patiently(() => this.#recordOutcome(database, outcome));
    } catch (error) {
      if (!(error instanceof StaleAnalysisError)) throw error;
      logger.warn("the analysis is another worker's by now; nothing was written");
    }
  }

  async #recordOutcome(
    database: Database,
    outcome: Exclude<Outcome, { type: "lost" }>,
  ): Promise<void> {
    const fence = this.analysisFence;
    switch (outcome.type) {
      case "succeeded":
      case "canceled":
        return recordAnalysisEnd(database, fence, outcome);
      case "fault": {
        const { reason, detail } = outcome;
        return recordAnalysisEnd(database, fence, { type: "failed", reason, detail });
      }
      case "crashed":
      case "handed_back":
        return giveUpAnalysis(database, fence, outcome.type, outcome.detail);
    }
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { abandoned, logger } = this.#options;
    return whenDatabaseAnswers(work, { signal: abandoned, logger });
  }
}
