import {
  type Engine,
  type EngineOptions,
  type Evaluation,
  type ExampleSet,
  type LayerGradient,
  type Minibatch,
  type MinibatchReport,
  type NetworkShape,
  type NetworkState,
  type PhaseTrace,
} from "@pclab/core";
import { Replica } from "./replica.js";

/** Replicas share nothing, so that each gives the bytes it would give alone. The backend must be ready. */
export class TfjsEngine implements Engine {
  readonly id: string;
  readonly precision = "float32";
  readonly shape: NetworkShape;
  readonly replicaCount: number;
  readonly #replicas: Replica[];
  /** Ends with the call before: one at a time, since a call waits for what it reads back. */
  #last: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  constructor(id: string, { shape, batchSize, replicas }: EngineOptions) {
    this.id = id;
    this.shape = shape;
    this.replicaCount = replicas.length;
    this.#replicas = replicas.map((settings) => new Replica(shape, settings, batchSize));
  }

  /** TensorFlow has a pool of threads of its own, the pure JavaScript backend one thread. */
  setThreads(): void {}

  loadState(index: number, state: NetworkState): Promise<void> {
    return this.#next(index, async (replica) => replica.load(state));
  }

  readState(index: number): Promise<NetworkState> {
    return this.#next(index, (replica) => replica.read());
  }

  async trainMinibatch(
    minibatches: readonly (Minibatch | null)[],
  ): Promise<(MinibatchReport | null)[]> {
    const reports: (MinibatchReport | null)[] = [];
    for (const [index, minibatch] of minibatches.entries()) {
      reports.push(
        minibatch === null ? null : await this.#next(index, (replica) => replica.train(minibatch)),
      );
    }
    return reports;
  }

  evaluate(
    index: number,
    examples: ExampleSet,
    range: { first: number; count: number },
  ): Promise<Evaluation> {
    return this.#next(index, (replica) => replica.evaluate(examples, range));
  }

  gradients(index: number, minibatch: Minibatch, rule: "bp" | "pc"): Promise<LayerGradient[]> {
    return this.#next(index, (replica) => replica.gradients(minibatch, rule));
  }

  tracePhase(index: number, minibatch: Minibatch, withWeightUpdates: boolean): Promise<PhaseTrace> {
    return this.#next(index, (replica) => replica.trace(minibatch, withWeightUpdates));
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#last;
    for (const replica of this.#replicas) replica.dispose();
  }

  /** Starts a call when the one before has ended, however it ended. */
  async #next<T>(index: number, call: (replica: Replica) => Promise<T>): Promise<T> {
    const replica = this.#isDisposed ? undefined : this.#replicas[index];
    if (replica === undefined) {
      throw new Error(
        `no replica ${index}: the engine has ${this.#isDisposed ? 0 : this.replicaCount} (0 once disposed)`,
      );
    }
    const mine = this.#last.then(() => call(replica));
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
