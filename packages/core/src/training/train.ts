/**
 * The training loop, as a generator of events. It does no I/O, reads no clock of its own and keeps no timer: the caller
 * stores what comes, and leaves the loop (`return()`, or `break`) when the run is to stop.
 */
import type { Dataset } from "../data/dataset.js";
import { Minibatches } from "../data/minibatches.js";
import type { Engine, EngineFactory, NetworkState } from "../engine/engine.js";
import {
  minibatchesPerEpoch,
  totalMinibatches,
  totalWeightUpdates,
} from "../experiment/parseSpec.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { type BestSoFar, betterOf } from "./bestSoFar.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { Clocks } from "./clocks.js";
import { DivergedError } from "./divergedError.js";
import { engineOptionsOf, initialStateOf } from "./engineOptions.js";
import { evaluate } from "./evaluation.js";
import { isEvaluationPoint } from "./evaluationPoints.js";
import type { CheckpointEvent, Progress, TrainingEvent } from "./events.js";
import { type SinceEvaluation, addMinibatch, nothingSinceEvaluation } from "./sinceEvaluation.js";

/** Shared with the caller, who may set it at any time. */
export interface TrainingControl {
  /** A checkpoint is due after the present minibatch; the loop clears it as it gives one out. */
  checkpointRequested: boolean;
  /** Threads the engine may use from the next minibatch on. */
  threads: number;
}

export interface TrainingOptions {
  spec: ExperimentSpec;
  dataset: Dataset;
  engine: EngineFactory;
  /** Bytes to go on from; null starts from the seed. */
  checkpoint: Uint8Array | null;
  /** Monotonic, in milliseconds. */
  now: () => number;
  /** Awaited between minibatches, which block: lets the caller's event loop live. */
  breathe: () => Promise<void>;
  control: TrainingControl;
  checkpointEverySeconds: number;
  /** Worker slots that this run holds. */
  slots: number;
  /** Epochs after which the run stops with a checkpoint for its search to decide; null for none before its end. */
  stopAfterEpochs?: number | null;
}

/**
 * Trains the run to its end. After a minibatch come, in this order: its progress, the metrics of an evaluation, a
 * checkpoint. The last events are a checkpoint with `final` and `finished`; of a run that stops at a rung, a checkpoint
 * and `rung_reached`, and resumed from there it goes on as if it had not stopped.
 *
 * @throws DivergedError when a loss, an energy or a parameter is NaN or infinite
 * @throws CheckpointError when `checkpoint` is damaged or of another spec
 */
export async function* train(options: TrainingOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { control } = options;
  const run = await Run.start(options);
  try {
    const alreadyDone = run.isDone;
    let checkpointMs = options.now();
    while (!run.isDone && !run.isAtRung) {
      await run.trainMinibatch();
      await options.breathe();
      yield { type: "progress", progress: run.progress() };
      if (run.isDone || run.isEvaluationPoint) {
        yield { type: "metrics", rows: await run.evaluate(), progress: run.progress() };
      }
      const elapsedSeconds = (options.now() - checkpointMs) / 1000;
      const due = control.checkpointRequested || elapsedSeconds >= options.checkpointEverySeconds;
      const { isKeepingPoint, isBest, isAtRung } = run;
      if ((due || isKeepingPoint || isBest || isAtRung) && !run.isDone) {
        control.checkpointRequested = false;
        yield await run.checkpoint({ final: false, kept: isKeepingPoint, best: isBest });
        checkpointMs = options.now();
      }
    }
    if (!run.isDone) {
      yield { type: "rung_reached", progress: run.progress() };
      return;
    }
    if (!alreadyDone) {
      control.checkpointRequested = false;
      yield await run.checkpoint({ final: true, kept: false, best: run.isBest });
    }
    yield { type: "finished", progress: run.progress() };
  } finally {
    await run.dispose();
  }
}

/** One run between two minibatches. */
class Run {
  readonly #options: TrainingOptions;
  readonly #engine: Engine;
  readonly #initial: NetworkState;
  readonly #minibatches: Minibatches;
  readonly #clocks: Clocks;
  readonly #perEpoch: number;
  readonly #planned: { minibatches: number; weightUpdates: number };
  /** Minibatches until its rung; null without. */
  readonly #rung: number | null;
  #since: SinceEvaluation;
  #best: BestSoFar | null;
  #minibatchesDone: number;
  #weightUpdates: number;

  static async start(options: TrainingOptions): Promise<Run> {
    const { spec } = options;
    const resumed = options.checkpoint === null ? null : readCheckpoint(options.checkpoint, spec);
    const initial = initialStateOf(spec);
    const engine = await options.engine.create(engineOptionsOf(spec));
    try {
      await engine.loadState(0, resumed?.network ?? initial);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
    return new Run(options, engine, initial, resumed);
  }

  private constructor(
    options: TrainingOptions,
    engine: Engine,
    initial: NetworkState,
    resumed: ReturnType<typeof readCheckpoint> | null,
  ) {
    const { spec } = options;
    const { train } = options.dataset;
    const loop = resumed?.loop ?? null;
    const order = { count: train.count, batchSize: spec.batchSize };
    this.#options = options;
    this.#engine = engine;
    this.#initial = initial;
    this.#minibatches =
      loop === null
        ? Minibatches.seeded(order, spec.seed)
        : Minibatches.resumed(order, loop.cursor);
    this.#clocks = new Clocks({
      now: options.now,
      slots: options.slots,
      resumed: loop?.clocks ?? null,
    });
    this.#perEpoch = minibatchesPerEpoch(spec);
    this.#planned = {
      minibatches: totalMinibatches(spec),
      weightUpdates: totalWeightUpdates(spec),
    };
    const { stopAfterEpochs = null } = options;
    this.#rung = stopAfterEpochs === null ? null : stopAfterEpochs * this.#perEpoch;
    this.#since = loop?.sinceEvaluation ?? nothingSinceEvaluation();
    this.#best = loop?.best ?? null;
    this.#minibatchesDone = loop?.minibatches ?? 0;
    this.#weightUpdates = loop?.weightUpdates ?? 0;
  }

  get isDone(): boolean {
    const { weightUpdates } = this.#options.spec;
    return weightUpdates === null
      ? this.#minibatchesDone >= this.#planned.minibatches
      : this.#weightUpdates >= weightUpdates;
  }

  get isAtRung(): boolean {
    return this.#rung !== null && this.#minibatchesDone >= this.#rung;
  }

  get isEvaluationPoint(): boolean {
    const { evaluateEvery } = this.#options.spec;
    return isEvaluationPoint(this.#minibatchesDone, this.#perEpoch, evaluateEvery);
  }

  /** The run's minibatches fall into equal parts; a checkpoint is kept at the end of each but the last. */
  get isKeepingPoint(): boolean {
    const parts = this.#options.spec.keepCheckpoints + 1;
    const passed = (minibatches: number): number =>
      Math.floor((minibatches * parts) / this.#planned.minibatches);
    return passed(this.#minibatchesDone) > passed(this.#minibatchesDone - 1);
  }

  /** With `keep_best`: the network has just been evaluated, and has validated better than ever. */
  get isBest(): boolean {
    return this.#best?.minibatches === this.#minibatchesDone;
  }

  async trainMinibatch(): Promise<void> {
    const { control, dataset, now } = this.#options;
    const startMs = now();
    const { threads } = control;
    this.#engine.setThreads(threads);
    const minibatch = { examples: dataset.train, indices: this.#minibatches.next() };
    const [report] = await this.#engine.trainMinibatch([minibatch]);
    if (report === null) throw new Error("the engine left out a minibatch");
    if (report.divergence !== null) throw new DivergedError(report.divergence);
    const seconds = (now() - startMs) / 1000;
    addMinibatch(this.#since, report, seconds);
    this.#clocks.addMinibatch({ seconds, threads });
    this.#minibatchesDone += 1;
    this.#weightUpdates += report.weightUpdates;
  }

  progress(): Progress {
    const { weightUpdates } = this.#options.spec;
    const fraction =
      weightUpdates === null
        ? this.#minibatchesDone / this.#planned.minibatches
        : Math.min(1, this.#weightUpdates / weightUpdates);
    const { wallSeconds } = this.#clocks.read();
    const end = this.#rung === null ? 1 : Math.min(1, this.#rung / this.#planned.minibatches);
    return {
      epoch: this.#epoch,
      weightUpdate: this.#weightUpdates,
      totalWeightUpdates: this.#planned.weightUpdates,
      fraction,
      secondsLeft: fraction > 0 ? (wallSeconds / fraction) * Math.max(0, end - fraction) : null,
    };
  }

  async evaluate(): ReturnType<typeof evaluate> {
    const rows = await evaluate({
      engine: this.#engine,
      dataset: this.#options.dataset,
      initial: this.#initial,
      since: this.#since,
      clocks: this.#clocks,
      epoch: this.#epoch,
      breathe: this.#options.breathe,
    });
    this.#since = nothingSinceEvaluation();
    if (this.#options.spec.keepBest) {
      this.#best = betterOf(this.#best, rows, this.#minibatchesDone);
    }
    return rows;
  }

  async checkpoint(role: Pick<CheckpointEvent, "final" | "kept" | "best">): Promise<TrainingEvent> {
    const bytes = writeCheckpoint({
      engineId: this.#engine.id,
      spec: this.#options.spec,
      network: await this.#engine.readState(0),
      loop: {
        weightUpdates: this.#weightUpdates,
        minibatches: this.#minibatchesDone,
        cursor: this.#minibatches.cursor(),
        sinceEvaluation: this.#since,
        clocks: this.#clocks.read(),
        best: this.#best,
      },
    });
    return { type: "checkpoint", bytes, weightUpdate: this.#weightUpdates, ...role };
  }

  async dispose(): Promise<void> {
    await this.#engine.dispose();
  }

  /** Fractional; an epoch with a short last minibatch is one epoch all the same. */
  get #epoch(): number {
    const { epoch, position } = this.#minibatches.cursor();
    return epoch + position / this.#options.dataset.train.count;
  }
}
