/** R replicas of a network on the GPU: what the engine interface asks, in dispatches and one read-back a call. */
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
  ReplicaSettings,
} from "@pclab/core";
import { checkMinibatch } from "./minibatchCheck.js";
import { decodeReport, updatesDone } from "./replicaRecord.js";
import type { Order, OrderChanges, Session } from "./session.js";
import { packState, unpackGradient, unpackLayers } from "./tensors.js";
import { tracePhase } from "./tracePhase.js";

const BYTES = 4;

export class WebgpuEngine implements Engine {
  readonly id: string;
  readonly precision = "float32";
  readonly shape: NetworkShape;
  readonly replicaCount: number;
  readonly #session: Session;
  readonly #settings: readonly ReplicaSettings[];
  /** Weight updates done, of each replica. */
  readonly #done: number[];
  /** Ends with the call before: the buffers serve one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  constructor(id: string, session: Session, settings: readonly ReplicaSettings[]) {
    this.id = id;
    this.shape = session.layout.shape;
    this.replicaCount = settings.length;
    this.#session = session;
    this.#settings = settings;
    this.#done = settings.map(() => 0);
  }

  /** Dispatches recorded so far, which cost the host about two microseconds each. */
  get dispatchCount(): number {
    return this.#session.recorder.dispatchCount;
  }

  /** The GPU has its own. */
  setThreads(): void {}

  async loadState(replica: number, state: NetworkState): Promise<void> {
    const { optimiser } = this.#settingsOf(replica);
    const { layout, buffers } = this.#session;
    const { strides } = layout;
    const { parameters, moments } = packState(state, layout, optimiser);
    await this.#next(async () => {
      this.#session.write(buffers.parameters, replica * strides.parameters * BYTES, parameters);
      this.#session.write(buffers.moments, replica * strides.moments * BYTES, moments);
      this.#done[replica] = state.weightUpdates;
    });
  }

  async readState(replica: number): Promise<NetworkState> {
    const { optimiser } = this.#settingsOf(replica);
    const { layout, buffers } = this.#session;
    const { strides } = layout;
    return this.#next(async () => {
      const [parameters, moments] = await this.#session.read(
        (["parameters", "moments"] as const).map((name) => {
          const size = strides[name] * BYTES;
          return { buffer: buffers[name], offset: replica * size, size };
        }),
      );
      const packed = {
        parameters: new Float32Array(parameters ?? new ArrayBuffer(0)),
        moments: new Float32Array(moments ?? new ArrayBuffer(0)),
      };
      return {
        layers: unpackLayers(packed, layout, optimiser),
        weightUpdates: this.#done[replica] ?? 0,
      };
    });
  }

  async trainMinibatch(
    minibatches: readonly (Minibatch | null)[],
  ): Promise<(MinibatchReport | null)[]> {
    if (minibatches.length !== this.replicaCount) {
      throw new Error(`${minibatches.length} minibatches for ${this.replicaCount} replicas`);
    }
    for (const [replica, minibatch] of minibatches.entries()) {
      this.#settingsOf(replica);
      if (minibatch !== null) checkMinibatch(minibatch, this.#session.layout);
    }
    if (minibatches.every((minibatch) => minibatch === null)) return minibatches.map(() => null);
    return this.#next(async () => {
      const phase = this.#session.begin(
        minibatches.map((minibatch, replica) =>
          minibatch === null ? null : this.#order(replica, minibatch, { updates: true }),
        ),
      );
      phase.forward();
      phase.backward();
      phase.settle();
      phase.finish();
      const outcomes = await this.#session.outcomes();
      return outcomes.map((outcome, replica) => {
        const minibatch = minibatches[replica] ?? null;
        if (minibatch === null) return null;
        const before = this.#done[replica] ?? 0;
        this.#done[replica] = before + updatesDone(outcome);
        const samples = minibatch.indices.length;
        return decodeReport(outcome, { samples, before, units: this.shape.sizes.slice(1) });
      });
    });
  }

  async evaluate(
    replica: number,
    examples: ExampleSet,
    { first, count }: { first: number; count: number },
  ): Promise<Evaluation> {
    this.#settingsOf(replica);
    const { batch, strides } = this.#session.layout;
    const chunks = Array.from({ length: Math.ceil(count / batch) }, (_, chunk) => {
      const start = first + chunk * batch;
      const length = Math.min(batch, first + count - start);
      return { examples, indices: Uint32Array.from({ length }, (__, i) => start + i) };
    });
    for (const chunk of chunks) checkMinibatch(chunk, this.#session.layout);
    if (chunks.length === 0) return { count, lossSum: 0, correct: 0 };
    return this.#next(async () => {
      const collected = await this.#session.allocate(chunks.length * MEASURED_BYTES);
      try {
        const { buffers, recorder } = this.#session;
        chunks.forEach((minibatch, chunk) => {
          this.#session.begin(this.#only(replica, minibatch, { updates: false })).forward();
          const from = replica * strides.summary * BYTES;
          recorder.copy(buffers.summary, from, collected, chunk * MEASURED_BYTES, MEASURED_BYTES);
        });
        const [bytes] = await this.#session.read([
          { buffer: collected, offset: 0, size: chunks.length * MEASURED_BYTES },
        ]);
        const numbers = new Float32Array(bytes ?? new ArrayBuffer(0));
        const sumOf = (which: number): number =>
          numbers.reduce((sum, value, at) => (at % 2 === which ? sum + value : sum), 0);
        return { count, lossSum: sumOf(0), correct: sumOf(1) };
      } finally {
        collected.destroy();
      }
    });
  }

  async gradients(
    replica: number,
    minibatch: Minibatch,
    rule: "bp" | "pc",
  ): Promise<LayerGradient[]> {
    this.#settingsOf(replica);
    const { layout, buffers } = this.#session;
    checkMinibatch(minibatch, layout);
    return this.#next(async () => {
      const asBp = rule === "bp";
      const phase = this.#session.begin(this.#only(replica, minibatch, { updates: false, asBp }));
      phase.forward();
      phase.backward();
      phase.settle();
      phase.gradient(replica);
      const [bytes] = await this.#session.read([
        { buffer: buffers.gradient, offset: 0, size: layout.strides.parameters * BYTES },
      ]);
      return unpackGradient(new Float32Array(bytes ?? new ArrayBuffer(0)), layout, rule);
    });
  }

  async tracePhase(
    replica: number,
    minibatch: Minibatch,
    withWeightUpdates: boolean,
  ): Promise<PhaseTrace> {
    const settings = this.#settingsOf(replica);
    checkMinibatch(minibatch, this.#session.layout);
    return this.#next(async () => {
      const { trace, updates } = await tracePhase({
        session: this.#session,
        replica,
        settings,
        order: (changes) => this.#only(replica, minibatch, changes),
        samples: minibatch.indices.length,
        withWeightUpdates,
      });
      this.#done[replica] = (this.#done[replica] ?? 0) + updates;
      return trace;
    });
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#last;
    this.#session.dispose();
  }

  #order(replica: number, minibatch: Minibatch, changes: OrderChanges): Order {
    const { algorithm } = this.#settingsOf(replica);
    return { minibatch, asBp: algorithm === "bp", done: this.#done[replica] ?? 0, ...changes };
  }

  #only(replica: number, minibatch: Minibatch, changes: OrderChanges): (Order | null)[] {
    return this.#settings.map((_, other) =>
      other === replica ? this.#order(replica, minibatch, changes) : null,
    );
  }

  #settingsOf(replica: number): ReplicaSettings {
    const settings = this.#settings[replica];
    if (settings === undefined || this.#isDisposed) {
      throw new Error(
        `no replica ${replica}: the engine has ${this.#isDisposed ? 0 : this.replicaCount} (0 once disposed)`,
      );
    }
    return settings;
  }

  /** Starts a call when the one before has ended, however it ended. */
  #next<T>(call: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(call);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** Loss and hits: the first two numbers of a summary. */
const MEASURED_BYTES = 2 * BYTES;
