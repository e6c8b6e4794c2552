/**
 * An experiment, complete: every default is filled in. The wire form (snake_case) is in specSchema.ts; this is what
 * the engines, the training loop and the manifest read.
 */
import type {
  ActivationName,
  Algorithm,
  DatasetName,
  EngineChoice,
  GaussNewtonSolver,
  InferenceMethod,
  Initialisation,
  NodeConvention,
  OptimiserName,
  Timing,
} from "./vocabulary.js";

export interface InferenceSettings {
  method: InferenceMethod;
  /** T, activity steps a minibatch. This and the next three belong to gradient steps: `gauss_newton` ignores them. */
  steps: number;
  /** gamma. */
  rate: number;
  /** Weights are updated after every so many activity steps; divides `steps`. Equal to `steps` without rc2. */
  updateEvery: number;
  /** Multiply the activity gradient by Sigma (equations.md, step 2 of a minibatch). */
  precondition: boolean;
  /** Stop a phase when |dQ|/Q is below this for every sample; 0 never stops early. */
  tolerance: number;
  /** The most Gauss-Newton iterations of a phase; null with other methods. */
  outerIterations: number | null;
  /** Null with other methods than `gauss_newton`. */
  solver: GaussNewtonSolver | null;
  /** CG ends for a sample at a solver residual of this share of its right-hand side's norm; null without CG. */
  solverTolerance: number | null;
}

export interface VarianceSettings {
  /** Rate of ln Sigma; null where the algorithm trains no variances. */
  learningRate: number | null;
  /** Lower bound of ln Sigma. */
  floor: number;
  /** ln Sigma at the start. */
  initial: number;
  /** Whether the output's variance is trained too. False where the algorithm trains no variances. */
  trainOutput: boolean;
}

/** Cosine decay after a linear warm-up. Both are shares: of the run's weight updates, and of the learning rate. */
export interface WarmupCosine {
  warmup: number;
  final: number;
}

export type Schedule = "constant" | { warmupCosine: WarmupCosine };

export interface ExperimentSpec {
  algorithm: Algorithm;
  dataset: DatasetName;
  /** Units in each hidden layer. */
  width: number;
  /** Hidden layers; the network has depth + 1 weight layers. */
  depth: number;
  activation: ActivationName;
  outputActivation: ActivationName;
  node: NodeConvention;
  bias: boolean;
  initialisation: Initialisation;
  trainSize: number;
  validationSize: number;
  testSize: number;
  standardise: boolean;
  batchSize: number;
  /** Exactly one of `epochs` and `weightUpdates` is a number. */
  epochs: number | null;
  weightUpdates: number | null;
  /** In epochs. Null: every tenth of the first epoch, then once an epoch. */
  evaluateEvery: number | null;
  /** Checkpoints that stay besides the last, evenly spaced over the run's minibatches. */
  keepCheckpoints: number;
  /** The checkpoint of the evaluation that validated best stays besides the last. */
  keepBest: boolean;
  optimiser: OptimiserName;
  learningRate: number;
  weightDecay: number;
  varianceDecay: number;
  schedule: Schedule;
  inference: InferenceSettings;
  variance: VarianceSettings;
  condition1Delta: number;
  seed: number;
  engine: EngineChoice;
  timing: Timing;
}
