/**
 * The oracle: plain TypeScript in Float64, the equations line by line (docs/EQUATIONS.md). Replicas share nothing, so
 * that each gives the bytes it would give alone.
 */
import { AVAILABLE_INFERENCE_METHODS } from "../../experiment/vocabulary.js";
import type {
  Engine,
  EngineFactory,
  EngineOptions,
  Evaluation,
  ExampleSet,
  LayerGradient,
  Minibatch,
  MinibatchReport,
  NetworkShape,
  NetworkState,
  PhaseTrace,
} from "../engine.js";
import { EngineError } from "../engineError.js";
import { Replica } from "./replica.js";

const ENGINE_ID = "reference/float64";

export const referenceEngine: EngineFactory = {
  id: ENGINE_ID,
  create: async (options) => new ReferenceEngine(options),
};

class ReferenceEngine implements Engine {
  readonly id = ENGINE_ID;
  readonly precision = "float64";
  readonly shape: NetworkShape;
  readonly replicaCount: number;
  #replicas: Replica[];

  constructor({ shape, batchSize, replicas }: EngineOptions) {
    for (const { algorithm, inference } of replicas) {
      if (algorithm !== "bp" && !AVAILABLE_INFERENCE_METHODS.includes(inference.method)) {
        throw new EngineError(
          "engine_unsupported",
          `The reference engine has no inference method '${inference.method}'; it has ${AVAILABLE_INFERENCE_METHODS.join(", ")}.`,
        );
      }
    }
    this.shape = shape;
    this.replicaCount = replicas.length;
    this.#replicas = replicas.map((settings) => new Replica(shape, settings, batchSize));
  }

  /** One thread, whatever the count. */
  setThreads(): void {}

  async loadState(replica: number, state: NetworkState): Promise<void> {
    this.#replica(replica).load(state);
  }

  async readState(replica: number): Promise<NetworkState> {
    return this.#replica(replica).read();
  }

  async trainMinibatch(
    minibatches: readonly (Minibatch | null)[],
  ): Promise<(MinibatchReport | null)[]> {
    return minibatches.map((minibatch, replica) =>
      minibatch === null ? null : this.#replica(replica).train(minibatch),
    );
  }

  async evaluate(
    replica: number,
    examples: ExampleSet,
    range: { first: number; count: number },
  ): Promise<Evaluation> {
    return this.#replica(replica).evaluate(examples, range);
  }

  async gradients(
    replica: number,
    minibatch: Minibatch,
    rule: "bp" | "pc",
  ): Promise<LayerGradient[]> {
    return this.#replica(replica).gradients(minibatch, rule);
  }

  async tracePhase(
    replica: number,
    minibatch: Minibatch,
    withWeightUpdates: boolean,
  ): Promise<PhaseTrace> {
    return this.#replica(replica).trace(minibatch, withWeightUpdates);
  }

  async dispose(): Promise<void> {
    this.#replicas = [];
  }

  #replica(index: number): Replica {
    const replica = this.#replicas[index];
    if (replica === undefined) {
      throw new Error(
        `no replica ${index}: the engine has ${this.#replicas.length} (0 once disposed)`,
      );
    }
    return replica;
  }
}
