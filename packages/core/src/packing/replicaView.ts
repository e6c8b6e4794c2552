/** One replica of a shared engine, as an engine of its own. */
import type {
  Engine,
  Evaluation,
  ExampleSet,
  LayerGradient,
  Minibatch,
  MinibatchReport,
  NetworkShape,
  NetworkState,
  PhaseTrace,
} from "../engine/engine.js";
import type { SharedEngine } from "./sharedEngine.js";

export class ReplicaView implements Engine {
  readonly id: string;
  readonly precision: Engine["precision"];
  readonly shape: NetworkShape;
  readonly replicaCount = 1;
  readonly #shared: SharedEngine;
  readonly #seat: number;

  constructor(shared: SharedEngine, seat: number, engine: Engine) {
    this.id = engine.id;
    this.precision = engine.precision;
    this.shape = engine.shape;
    this.#shared = shared;
    this.#seat = seat;
  }

  /** The member's part: the engine gets the sum over those that have not left. */
  setThreads(count: number): void {
    this.#shared.setThreads(this.#seat, count);
  }

  async loadState(replica: number, state: NetworkState): Promise<void> {
    const seat = this.#seatOf(replica);
    await this.#shared.call(seat, (engine) => engine.loadState(seat, state));
  }

  async readState(replica: number): Promise<NetworkState> {
    const seat = this.#seatOf(replica);
    return this.#shared.call(seat, (engine) => engine.readState(seat));
  }

  async trainMinibatch([minibatch, ...others]: readonly (Minibatch | null)[]): Promise<
    (MinibatchReport | null)[]
  > {
    if (minibatch === undefined || others.length > 0) {
      throw new Error(`${1 + others.length} minibatches for the one replica of a pack's member`);
    }
    if (minibatch === null) return [null];
    return [await this.#shared.trainMinibatch(this.#seat, minibatch)];
  }

  async evaluate(
    replica: number,
    examples: ExampleSet,
    range: { first: number; count: number },
  ): Promise<Evaluation> {
    const seat = this.#seatOf(replica);
    return this.#shared.call(seat, (engine) => engine.evaluate(seat, examples, range));
  }

  async gradients(
    replica: number,
    minibatch: Minibatch,
    rule: "bp" | "pc",
  ): Promise<LayerGradient[]> {
    const seat = this.#seatOf(replica);
    return this.#shared.call(seat, (engine) => engine.gradients(seat, minibatch, rule));
  }

  async tracePhase(
    replica: number,
    minibatch: Minibatch,
    withWeightUpdates: boolean,
  ): Promise<PhaseTrace> {
    const seat = this.#seatOf(replica);
    return this.#shared.call(seat, (engine) =>
      engine.tracePhase(seat, minibatch, withWeightUpdates),
    );
  }

  async dispose(): Promise<void> {
    await this.#shared.leave(this.#seat);
  }

  #seatOf(replica: number): number {
    if (replica !== 0) throw new Error(`no replica ${replica}: a pack's member has one`);
    return this.#seat;
  }
}
