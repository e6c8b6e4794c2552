/** Small networks with examples, drawn from a seed, in the oracle's form and in the engines'. */
import { Generator } from "../../random/generator.js";
import type { ActivationName, NodeConvention, OptimiserName } from "../../experiment/vocabulary.js";
import type { ExampleSet, NetworkShape, NetworkState, ReplicaSettings } from "../engine.js";
import { createMoments } from "../optimisers.js";
import type { Matrix, OracleNetwork, Vector } from "./oracle.js";

export interface Problem {
  shape: NetworkShape;
  network: OracleNetwork;
  inputs: Matrix;
  targets: Matrix;
  examples: ExampleSet;
  /** The network as an engine loads it, with fresh moments. */
  stateFor: (optimiser: OptimiserName) => NetworkState;
}

export interface ProblemOptions {
  node?: NodeConvention;
  activation?: ActivationName;
  outputActivation?: ActivationName;
  bias?: boolean;
  sizes?: readonly number[];
  samples?: number;
  /** Log-variances are drawn from -spread..spread; 0 leaves every Sigma at 1. */
  logVarianceSpread?: number;
  seed?: number;
}

/** Sizes that fill no tile exactly, and a batch that fills none either. */
const DEFAULT_SIZES = [7, 6, 5, 9, 4];

export const createProblem = (options: ProblemOptions = {}): Problem => {
  const sizes = options.sizes ?? DEFAULT_SIZES;
  const samples = options.samples ?? 5;
  const spread = options.logVarianceSpread ?? 0.8;
  const bias = options.bias ?? false;
  const generator = Generator.seeded(options.seed ?? 11, "probes");
  const normals = (count: number, scale: number): Vector =>
    Array.from({ length: count }, () => scale * generator.normal());
  const layers = sizes.slice(1);
  const shape: NetworkShape = {
    sizes,
    activation: options.activation ?? "tanh",
    outputActivation: options.outputActivation ?? "identity",
    node: options.node ?? "mba",
    bias,
  };
  const network: OracleNetwork = {
    ...shape,
    weights: [
      [],
      ...layers.map((units, below) =>
        Array.from({ length: units }, () => normals(sizes[below], 0.9 / Math.sqrt(sizes[below]))),
      ),
    ],
    bias: [[], ...layers.map((units) => normals(units, bias ? 0.3 : 0))],
    s: [
      [],
      ...layers.map((units) =>
        Array.from({ length: units }, () => spread * (2 * generator.uniform() - 1)),
      ),
    ],
  };
  const inputs = Array.from({ length: samples }, () => normals(sizes[0], 1));
  const outputs = sizes[sizes.length - 1];
  const targets = inputs.map((_, sample) =>
    Array.from({ length: outputs }, (__, i) => (i === sample % outputs ? 1 : 0)),
  );
  return {
    shape,
    network,
    inputs,
    targets,
    examples: examplesOf(inputs, targets),
    stateFor: (optimiser) => stateOf(network, bias, optimiser),
  };
};

export const examplesOf = (inputs: Matrix, targets: Matrix): ExampleSet => ({
  count: inputs.length,
  inputs: Float64Array.from(inputs.flat()),
  inputScale: 1,
  inputOffset: 0,
  targets: Float64Array.from(targets.flat()),
});

export const stateOf = (
  network: OracleNetwork,
  bias: boolean,
  optimiser: OptimiserName,
): NetworkState => ({
  weightUpdates: 0,
  layers: network.weights.slice(1).map((weights, index) => {
    const units = weights.length;
    return {
      weights: Float64Array.from(weights.flat()),
      logVariance: Float64Array.from(network.s[index + 1]),
      weightsMoments: createMoments(optimiser, units * weights[0].length),
      logVarianceMoments: createMoments(optimiser, units),
      ...(bias
        ? {
            bias: Float64Array.from(network.bias[index + 1]),
            biasMoments: createMoments(optimiser, units),
          }
        : {}),
    };
  }),
});

/** Settings under which a small problem trains; each test overrides what it is about. */
export const settings = (overrides: Partial<ReplicaSettings> = {}): ReplicaSettings => ({
  algorithm: "pc",
  inference: {
    method: "gradient",
    steps: 12,
    rate: 0.1,
    updateEvery: 12,
    precondition: true,
    tolerance: 0,
    outerIterations: null,
    solver: null,
    solverTolerance: null,
  },
  optimiser: "sgd",
  learningRate: 0.05,
  weightDecay: 0,
  schedule: "constant",
  totalWeightUpdates: 100,
  variance: { learningRate: null, decay: 0, floor: -8, trainOutput: false },
  condition1Delta: 0.1,
  ...overrides,
});

/** One outer iteration with the dense solver, unless overridden. */
export const gaussNewton = (
  overrides: Partial<ReplicaSettings["inference"]> = {},
): ReplicaSettings["inference"] => ({
  ...settings().inference,
  method: "gauss_newton",
  outerIterations: 1,
  solver: "dense",
  ...overrides,
});

/** The settings of each algorithm on a small problem. */
export const settingsOf = (
  algorithm: ReplicaSettings["algorithm"],
  overrides: Partial<ReplicaSettings> = {},
): ReplicaSettings => {
  const base = settings({ algorithm });
  const during = algorithm === "pc_rc2" || algorithm === "pc_rc23";
  const variances = algorithm === "pc_rc3" || algorithm === "pc_rc23";
  return {
    ...base,
    inference: { ...base.inference, updateEvery: during ? 4 : base.inference.steps },
    variance: {
      ...base.variance,
      learningRate: variances ? 0.03 : null,
      trainOutput: algorithm === "pc_rc23",
    },
    ...overrides,
  };
};
