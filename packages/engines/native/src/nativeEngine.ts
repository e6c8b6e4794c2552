import {
  type Engine,
  EngineError,
  type EngineFactory,
  type EngineOptions,
  type Evaluation,
  type ExampleSet,
  type LayerGradient,
  type Minibatch,
  type MinibatchReport,
  type NetworkShape,
  type NetworkState,
  type PhaseTrace,
  type ReplicaSettings,
} from "@pclab/core";
import { type Addon, type ExampleWords, type Handle, loadAddon } from "./addon.js";
import { encodeSettings, encodeShape } from "./encoding.js";
import { INSTRUCTION_SETS, type InstructionSet } from "./instructionSets.js";
import { decodeMeasures, decodeReport, measuresLength, reportLength } from "./report.js";
import { emptyGradients, emptyLayers, listGradients, listTensors } from "./tensors.js";

/** What keeps the native engine from starting here, with the way out; null when it starts. */
export const nativeEngineProblem = (): string | null => {
  const loaded = loadAddon();
  return "problem" in loaded ? loaded.problem : null;
};

/** The builds that this processor can run, best first; empty when the engine cannot start. */
export const nativeInstructionSets = (): InstructionSet[] => {
  const loaded = loadAddon();
  if ("problem" in loaded) return [];
  const names = loaded.addon.instructionSets();
  return INSTRUCTION_SETS.filter((name) => names.includes(name));
};

const requireAddon = (): Addon => {
  const loaded = loadAddon();
  if ("addon" in loaded) return loaded.addon;
  throw new EngineError("engine_unsupported", loaded.problem);
};

/**
 * The engine on one instruction set, the best of this processor by default; its id is `native/<instruction set>`.
 *
 * @throws EngineError engine_unsupported, when it cannot start here
 */
export const nativeEngine = (instructionSet?: InstructionSet): EngineFactory => {
  const addon = requireAddon();
  const available = nativeInstructionSets();
  const chosen = instructionSet ?? available[0];
  if (chosen === undefined || !available.includes(chosen)) {
    throw new EngineError(
      "engine_unsupported",
      `This processor has no '${instructionSet}'; the native engine runs here on ${available.join(", ")}.`,
    );
  }
  return {
    id: `native/${chosen}`,
    create: async (options) => new NativeEngine(addon, chosen, options),
  };
};

/** Multiply-adds in float32 from registers alone, in GFLOP/s: what no kernel can exceed. Not on the event loop. */
export const measurePeak = async (options: {
  instructionSet: InstructionSet;
  threads: number;
  milliseconds: number;
}): Promise<number> => {
  const result = new Float64Array(1);
  const { instructionSet, threads, milliseconds } = options;
  await requireAddon().measurePeak(instructionSet, threads, milliseconds, result);
  return result[0] ?? Number.NaN;
};

/** Bytes that the engines of this process hold outside JavaScript's heap. */
export const allocatedBytes = (): number => requireAddon().allocatedBytes();

class NativeEngine implements Engine {
  readonly id: string;
  readonly precision = "float32";
  readonly shape: NetworkShape;
  readonly replicaCount: number;
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #settings: readonly ReplicaSettings[];
  #threads = 1;
  /** Ends with the call before: the addon takes one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  constructor(addon: Addon, instructionSet: InstructionSet, options: EngineOptions) {
    const { shape, batchSize, replicas } = options;
    this.#addon = addon;
    this.id = `native/${instructionSet}`;
    this.shape = shape;
    this.replicaCount = replicas.length;
    this.#settings = replicas;
    this.#handle = addon.create(
      instructionSet,
      Int32Array.from(shape.sizes),
      encodeShape(shape),
      batchSize,
      Float64Array.from(replicas.flatMap(encodeSettings)),
    );
  }

  setThreads(count: number): void {
    this.#threads = count;
  }

  async loadState(replica: number, state: NetworkState): Promise<void> {
    const tensors = listTensors(state, this.shape, this.#settingsOf(replica).optimiser);
    await this.#next(() =>
      this.#addon.loadState(this.#handle, this.#threads, replica, tensors, state.weightUpdates),
    );
  }

  async readState(replica: number): Promise<NetworkState> {
    const { optimiser } = this.#settingsOf(replica);
    const state: NetworkState = { layers: emptyLayers(this.shape, optimiser), weightUpdates: 0 };
    const tensors = listTensors(state, this.shape, optimiser);
    const weightUpdates = new Float64Array(1);
    await this.#next(() =>
      this.#addon.readState(this.#handle, this.#threads, replica, tensors, weightUpdates),
    );
    state.weightUpdates = weightUpdates[0] ?? 0;
    return state;
  }

  async trainMinibatch(
    minibatches: readonly (Minibatch | null)[],
  ): Promise<(MinibatchReport | null)[]> {
    const reports: (MinibatchReport | null)[] = [];
    for (const [replica, minibatch] of minibatches.entries()) {
      reports.push(minibatch === null ? null : await this.#train(replica, minibatch));
    }
    return reports;
  }

  async #train(replica: number, minibatch: Minibatch): Promise<MinibatchReport> {
    const report = new Float64Array(reportLength(this.#layerCount));
    await this.#next(() =>
      this.#addon.train(...this.#words(replica, minibatch.examples, minibatch.indices), report),
    );
    return decodeReport(report, minibatch.indices.length);
  }

  async evaluate(
    replica: number,
    examples: ExampleSet,
    { first, count }: { first: number; count: number },
  ): Promise<Evaluation> {
    const indices = Uint32Array.from({ length: count }, (_, index) => first + index);
    const result = new Float64Array(2);
    await this.#next(() =>
      this.#addon.evaluate(...this.#words(replica, examples, indices), result),
    );
    return { count, lossSum: result[0] ?? Number.NaN, correct: result[1] ?? 0 };
  }

  async gradients(
    replica: number,
    { examples, indices }: Minibatch,
    rule: "bp" | "pc",
  ): Promise<LayerGradient[]> {
    const gradients = emptyGradients(this.shape, rule);
    await this.#next(() =>
      this.#addon.gradients(
        ...this.#words(replica, examples, indices),
        rule === "bp" ? 1 : 0,
        listGradients(gradients),
      ),
    );
    return gradients;
  }

  async tracePhase(
    replica: number,
    { examples, indices }: Minibatch,
    withWeightUpdates: boolean,
  ): Promise<PhaseTrace> {
    const { inference } = this.#settingsOf(replica);
    const isGradient = inference.method === "gradient";
    const most = 1 + (isGradient ? inference.steps : (inference.outerIterations ?? 1));
    const energies = new Float64Array(2 * most);
    const measures = new Float64Array(measuresLength(this.#layerCount));
    const activities = this.shape.sizes
      .slice(1, -1)
      .map((units) => new Float32Array(indices.length * units));
    const pc = emptyGradients(this.shape, "pc");
    const bp = emptyGradients(this.shape, "bp");
    await this.#next(() =>
      this.#addon.trace(
        ...this.#words(replica, examples, indices),
        withWeightUpdates ? 1 : 0,
        energies,
        measures,
        activities,
        listGradients(pc),
        listGradients(bp),
      ),
    );
    const { quadraticEnergyPerLayer, residualSum, residualMax, stepsTaken } =
      decodeMeasures(measures);
    return {
      energy: [...energies.subarray(0, stepsTaken + 1)],
      quadraticEnergy: [...energies.subarray(most, most + stepsTaken + 1)],
      quadraticEnergyPerLayer,
      activities,
      residualSum,
      residualMax,
      stepsTaken,
      pc,
      bp,
    };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#last;
    this.#addon.dispose(this.#handle);
  }

  get #layerCount(): number {
    return this.shape.sizes.length - 1;
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

  #words(replica: number, examples: ExampleSet, indices: Uint32Array): ExampleWords {
    this.#settingsOf(replica);
    const { inputs, inputScale, inputOffset, targets } = examples;
    return [
      this.#handle,
      this.#threads,
      replica,
      inputs,
      inputScale,
      inputOffset,
      targets,
      indices,
    ];
  }

  /** Starts a call when the one before has ended, however it ended. */
  #next<T>(call: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(call);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
