/**
 * Stores what a run tells, in order and under its epoch. While PostgreSQL is away it keeps the metric rows, the newest checkpoint
 * and those that are to stay: the rows up to a checkpoint commit with it.
 */
import type { MetricRow, Progress } from "@pclab/core";
import {
  type Database,
  type Fence,
  type LogLine,
  type NewCheckpoint,
  recordCheckpoint,
  recordFirstStep,
  recordLog,
  recordMetrics,
} from "@pclab/storage";
import type { Logger } from "pino";
import { type Manifest } from "./manifest.js";
import { AbandonedError, whenDatabaseAnswers } from "./outage.js";

export interface RunWriterOptions {
  database: Database;
  fence: Fence;
  logger: Logger;
  /** Aborted when nothing may or need be written any more. */
  abandoned: AbortSignal;
  /** Called once, when a write is refused: StaleEpochError, or a statement that failed. */
  onRefused: (error: unknown) => void;
}

export interface FirstStep {
  engine: string;
  manifest: Manifest;
  /** The attempt goes on from a checkpoint of another engine. */
  numericsChanged: boolean;
}

/** Of an attempt's log: a child that talks without end must not fill the database. */
const MAX_LINES = 1_000;
const MAX_LINE_CHARACTERS = 1_000;

export class RunWriter {
  readonly #options: RunWriterOptions;
  #firstStep: FirstStep | null = null;
  #lines: LogLine[] = [];
  #linesLeft = MAX_LINES;
  #rows: MetricRow[] = [];
  /** Of the newest rows. */
  #progress: Progress | null = null;
  /** Those that are to be kept, the best, and the last. */
  #checkpoints: NewCheckpoint[] = [];
  #pumping: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  firstStep(step: FirstStep): void {
    this.#firstStep = step;
    this.#wake();
  }

  log(level: LogLine["level"], message: string): void {
    if (this.#linesLeft === 0) return;
    this.#linesLeft -= 1;
    const isLast = this.#linesLeft === 0;
    const text = isLast ? "the log of this attempt is full; what follows is left out" : message;
    // PostgreSQL's text has no NUL.
    this.#lines.push({ level, message: text.replaceAll("\0", "").slice(0, MAX_LINE_CHARACTERS) });
    this.#wake();
  }

  metrics(rows: readonly MetricRow[], progress: Progress): void {
    this.#rows.push(...rows);
    this.#progress = progress;
    this.#wake();
  }

  checkpoint(checkpoint: NewCheckpoint): void {
    const stays = ({ kept, best = false }: NewCheckpoint): boolean =>
      kept || (best && checkpoint.best !== true);
    this.#checkpoints = [...this.#checkpoints.filter(stays), checkpoint];
    this.#wake();
  }

  /** Resolves once all that was given is stored. Throws what `onRefused` was called with, or AbandonedError. */
  async flush(): Promise<void> {
    while (this.#pumping !== null) await this.#pumping;
    if (this.#failure !== null) throw this.#failure;
  }

  #wake(): void {
    if (this.#failure !== null) return;
    this.#pumping ??= this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      while (this.#hasWork) {
        // What is to be stored is looked up anew at each try, so that an older checkpoint gives way to a newer one.
        await whenDatabaseAnswers(() => this.#storeNext(), {
          signal: this.#options.abandoned,
          logger: this.#options.logger,
        });
      }
    } catch (error) {
      this.#failure = error;
      if (!(error instanceof AbandonedError)) this.#options.onRefused(error);
    } finally {
      this.#pumping = null;
    }
  }

  get #hasWork(): boolean {
    return (
      this.#firstStep !== null ||
      this.#lines.length > 0 ||
      this.#checkpoints.length > 0 ||
      this.#rows.length > 0
    );
  }

  async #storeNext(): Promise<void> {
    const { database, fence } = this.#options;
    const firstStep = this.#firstStep;
    if (firstStep !== null) {
      await recordFirstStep(database, fence, firstStep);
      this.#firstStep = null;
      return;
    }
    if (this.#lines.length > 0) {
      const lines = [...this.#lines];
      await recordLog(database, fence, lines);
      this.#lines.splice(0, lines.length);
      return;
    }
    const [checkpoint] = this.#checkpoints;
    if (checkpoint === undefined) {
      const rows = [...this.#rows];
      await recordMetrics(database, fence, rows, this.#progress);
      this.#rows.splice(0, rows.length);
      return;
    }
    const rows = this.#rows.filter(({ weightUpdate }) => weightUpdate <= checkpoint.weightUpdate);
    await recordCheckpoint(database, fence, checkpoint, rows, this.#progress);
    // Rows come in the order of training, so those up to a checkpoint are the first.
    this.#rows.splice(0, rows.length);
    this.#checkpoints = this.#checkpoints.filter((one) => one !== checkpoint);
  }
}
