/**
 * The one interface that every engine implements; no implementation lives here.
 *
 * An engine holds R replicas of one network shape: weights, log-variances, optimiser moments and activities. The
 * training loop hands it minibatches, never a single matrix product, so that an engine can fuse a whole inference
 * phase. A plain run is one replica; packing trains several runs of one shape in one engine.
 *
 * Dimensions: B batch, N_l units of layer l (N_0 inputs, N_L outputs), L = depth + 1 weight layers, R replicas.
 * Layers are numbered 1..L as in docs/EQUATIONS.md; element l-1 of an array "per layer" belongs to layer l.
 */
import type {
  ActivationName,
  Algorithm,
  InferenceMethod,
  NodeConvention,
  OptimiserName,
} from "../experiment/vocabulary.js";
import type { InferenceSettings, Schedule } from "../experiment/spec.js";

/** What replicas must have in common. `sizes` is [N_0, N_1, ..., N_L]. */
export interface NetworkShape {
  sizes: readonly number[];
  activation: ActivationName;
  outputActivation: ActivationName;
  node: NodeConvention;
  bias: boolean;
}

/** What a replica may have of its own. */
export interface ReplicaSettings {
  algorithm: Algorithm;
  inference: InferenceSettings;
  optimiser: OptimiserName;
  learningRate: number;
  weightDecay: number;
  schedule: Schedule;
  /** All weight updates of the run: the length of the schedule. */
  totalWeightUpdates: number;
  variance: {
    learningRate: number | null;
    decay: number;
    floor: number;
    trainOutput: boolean;
  };
  condition1Delta: number;
}

/** Values in the engine's own precision, as the engine's checkpoints store them. */
export type Values = Float32Array | Float64Array;

/** Optimiser state of one parameter tensor: none for sgd, `first` for momentum, both for adam and adamw. */
export interface Moments {
  first?: Values;
  second?: Values;
}

export interface LayerState {
  /** theta_l, row-major [N_l x N_{l-1}]. */
  weights: Values;
  /** [N_l], present with `bias`. */
  bias?: Values;
  /** ln Sigma_l, [N_l]. Always present; all zero and unused for bp. */
  logVariance: Values;
  weightsMoments: Moments;
  biasMoments?: Moments;
  logVarianceMoments: Moments;
}

/** Everything of a replica that training changes inside the engine. */
export interface NetworkState {
  layers: LayerState[];
  /** Weight updates done so far: the optimisers' and the schedule's clock. */
  weightUpdates: number;
}

/**
 * Examples in the form they are kept in memory: the value of an input is `inputScale * raw + inputOffset`, so that a
 * standardised data set of bytes stays bytes. Engines may cache per object (a WeakMap, or a copy on the device).
 */
export interface ExampleSet {
  count: number;
  /** Row-major [count x N_0]. */
  inputs: Uint8Array | Float32Array | Float64Array;
  inputScale: number;
  inputOffset: number;
  /** Row-major [count x N_L]; one-hot for classification. */
  targets: Float64Array;
}

/** One replica's minibatch: which examples, in order. B = indices.length, at most the engine's batchSize. */
export interface Minibatch {
  examples: ExampleSet;
  indices: Uint32Array;
}

/** What went non-finite first. `layer` is 1..L, or null for a quantity of the whole network. */
export interface Divergence {
  /** Weight updates done when it showed. */
  weightUpdate: number;
  layer: number | null;
  quantity: "loss" | "energy" | "weights" | "bias" | "log_variance";
}

/** Sums over the samples at the end of inference, at the errors that the last weight update was made from. */
export interface InferenceMeasures {
  /** Q per layer: 1/2 sum_i pi eps^2. */
  quadraticEnergyPerLayer: Float64Array;
  /** E per layer: Q_l + 1/2 sum_i (s + ln 2 pi). */
  energyPerLayer: Float64Array;
  /** Sum over samples of the norm of dE/dx over the hidden activities. */
  residualSum: number;
  residualMax: number;
  /** Activity steps; outer iterations with `gauss_newton`. */
  stepsTaken: number;
}

/** Measured on the way through one minibatch. Sums are over the B samples; the loop turns them into means. */
export interface MinibatchReport {
  batchSize: number;
  /** Done in this minibatch: one, with rc2 one every `updateEvery` steps taken. */
  weightUpdates: number;
  /** Sum of 1/2 |y - yhat|^2 of the forward pass before the first update. */
  lossSum: number;
  /** Samples whose largest output is the target's largest. */
  correct: number;
  /** Samples with |yhat - y| < condition1Delta in that forward pass. */
  condition1Count: number;
  /** Null for bp, and for a phase that diverged before its end. */
  inference: InferenceMeasures | null;
  /** Set when the replica diverged; its state is then unusable, and no other replica's. */
  divergence: Divergence | null;
}

export interface Evaluation {
  count: number;
  lossSum: number;
  correct: number;
}

/** +dE/dtheta (pc) or the gradient of the loss (bp), summed over the batch, per layer. */
export interface LayerGradient {
  weights: Values;
  bias?: Values;
  logVariance?: Values;
}

/**
 * One inference phase under the lens; every energy is summed over the batch. What belongs to the end of the phase is
 * measured at the last activities under the weights after the last update.
 */
export interface PhaseTrace {
  /** E and Q after 0, 1, ..., stepsTaken steps, each under the weights that the next step would use. */
  energy: number[];
  quadraticEnergy: number[];
  quadraticEnergyPerLayer: Float64Array;
  /** The hidden activities x_l, row-major [B x N_l]; element l-1 belongs to layer l < L. */
  activities: Values[];
  residualSum: number;
  residualMax: number;
  stepsTaken: number;
  /** +dE/dtheta at those activities, and the gradient of the loss at a forward pass. */
  pc: LayerGradient[];
  bp: LayerGradient[];
}

export interface EngineOptions {
  shape: NetworkShape;
  /** The largest minibatch that will be asked for. */
  batchSize: number;
  replicas: readonly ReplicaSettings[];
}

export interface EngineFactory {
  /** Names the engine, its precision and, where it matters, its instruction set: equal ids give equal bytes. */
  readonly id: string;
  /** Of inference, for PC; all that this version has where it is left out. */
  readonly inferenceMethods?: readonly InferenceMethod[];
  /** `auto` does not take it: there for tests. */
  readonly onlyByName?: boolean;
  /** Where replicas in one engine train faster than engines side by side. */
  readonly packing?: EnginePacking;
  create(options: EngineOptions): Promise<Engine>;
}

export interface EnginePacking {
  /** How many replicas of a shape one engine holds here; 0 where not even one fits. */
  maximumReplicas(shape: NetworkShape, batchSize: number): number;
}

export interface Engine {
  readonly id: string;
  readonly precision: "float32" | "float64";
  readonly shape: NetworkShape;
  readonly replicaCount: number;

  /**
   * How many threads the calls that follow may use; one until it is called. Takes effect between minibatches and changes
   * no result. An engine that has no threads of its own ignores it.
   */
  setThreads(count: number): void;

  /** Copies the state in; a value in another precision is rounded. Throws on a shape that does not fit. */
  loadState(replica: number, state: NetworkState): Promise<void>;
  /** A copy of the state. */
  readState(replica: number): Promise<NetworkState>;

  /**
   * Trains each replica on its own minibatch: for PC the whole inference phase and its weight updates, for BP one step.
   * `null` leaves a replica out. Element r of the answer belongs to replica r.
   */
  trainMinibatch(minibatches: readonly (Minibatch | null)[]): Promise<(MinibatchReport | null)[]>;

  /** Forward pass over examples [first, first + count): the test-time prediction of every algorithm. */
  evaluate(
    replica: number,
    examples: ExampleSet,
    range: { first: number; count: number },
  ): Promise<Evaluation>;

  /** The update directions at the present weights, without updating anything: `pc` after a full inference phase. */
  gradients(replica: number, minibatch: Minibatch, rule: "bp" | "pc"): Promise<LayerGradient[]>;

  /**
   * Runs one inference phase and records every step. `withWeightUpdates`: the replica's updates happen where its settings
   * place them, and stay; otherwise nothing changes.
   */
  tracePhase(
    replica: number,
    minibatch: Minibatch,
    withWeightUpdates: boolean,
  ): Promise<PhaseTrace>;

  /** Releases everything. Using the engine afterwards is a programmer error. */
  dispose(): Promise<void>;
}
