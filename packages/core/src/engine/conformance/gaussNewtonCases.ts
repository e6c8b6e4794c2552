/** Inference by Gauss-Newton: its iterations are the oracle's, and where they lead is the equilibrium. */
import { NODE_CONVENTIONS, type NodeConvention } from "../../experiment/vocabulary.js";
import type { EngineFactory, PhaseTrace, ReplicaSettings } from "../engine.js";
import type { ConformanceCase, ConformanceTolerances } from "./case.js";
import { expectClose, expectTrue } from "./compare.js";
import { expectSameResumed } from "./determinismCases.js";
import { expectStates } from "./expectStates.js";
import { linearEquilibrium } from "./linearEquilibrium.js";
import { type Vector, depthOf, errorsOf } from "./oracle.js";
import { gaussNewtonPath, gaussNewtonStep } from "./oracleGaussNewton.js";
import { quadraticEnergyPerLayer, startOf } from "./oracleTraining.js";
import {
  type Problem,
  type ProblemOptions,
  createProblem,
  gaussNewton,
  settings,
  settingsOf,
} from "./problems.js";
import { expectTraining } from "./trainingCases.js";
import { minibatchOf, withEngine } from "./withEngine.js";

type Inference = ReplicaSettings["inference"];

export const gaussNewtonCases = (
  factory: EngineFactory,
  tolerances: ConformanceTolerances,
): ConformanceCase[] => {
  const tolerance = tolerances.phase;
  // CG may take a step more or less where rounding differs: only a residual near rounding makes engines comparable.
  const dense: Partial<Inference> = { solver: "dense" };
  const cg: Partial<Inference> = { solver: "cg", solverTolerance: tolerance / 10 };
  return [
    ...NODE_CONVENTIONS.flatMap((node) =>
      [dense, cg].map((solver) => linearCase(factory, node, solver, tolerance)),
    ),
    ...NODE_CONVENTIONS.flatMap((node) =>
      (["tanh", "gelu", "sigmoid"] as const).map((activation) =>
        iterationsCase(factory, { node, activation, outputActivation: activation }, tolerance),
      ),
    ),
    backtrackingCase(factory, tolerance),
    noHiddenLayerCase(factory, tolerance),
    ...NODE_CONVENTIONS.map((node) => equilibriumCase(factory, node, tolerance)),
    scaleCase(factory, tolerance),
    ...NODE_CONVENTIONS.map((node) => solversCase(factory, node, dense, cg, tolerance)),
    toleranceCase(factory),
    ...(["pc", "pc_rc3"] as const).flatMap((algorithm) =>
      [dense, cg].map((solver) => {
        const inference = gaussNewton({ outerIterations: 2, ...solver });
        return trainingCase(factory, { ...settingsOf(algorithm), inference }, tolerances);
      }),
    ),
    ...[dense, { ...cg, solverTolerance: 0.1 }].map((solver) => resumeCase(factory, solver)),
  ];
};

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

const traced = async (
  factory: EngineFactory,
  problem: Problem,
  inference: Inference,
): Promise<PhaseTrace> => {
  let trace: PhaseTrace | null = null;
  await withEngine(factory, problem, [settings({ inference })], async (engine) => {
    trace = await engine.tracePhase(0, minibatchOf(problem), false);
  });
  if (trace === null) throw new Error("the phase gave no trace");
  return trace;
};

/** One sample's x_0..x_L out of a trace. */
const activitiesOf = (problem: Problem, trace: PhaseTrace, sample: number): Vector[] => [
  problem.inputs[sample],
  ...trace.activities.map((values, index) => {
    const units = problem.shape.sizes[index + 1];
    return Array.from(values.slice(sample * units, (sample + 1) * units));
  }),
  problem.targets[sample],
];

const linearCase = (
  factory: EngineFactory,
  node: NodeConvention,
  solver: Partial<Inference>,
  tolerance: number,
): ConformanceCase => ({
  name: `${node}, linear network, ${solver.solver}: one outer iteration is the equilibrium in closed form`,
  run: async () => {
    const problem = createProblem({ node, activation: "identity", bias: true });
    const net = problem.network;
    const trace = await traced(factory, problem, gaussNewton(solver));
    const closed = problem.inputs.map((input, sample) =>
      linearEquilibrium(net, input, problem.targets[sample]),
    );
    // Q(x*) = 1/2 r^T S^-1 r; the closed form's Jacobians are central differences, good to 1e-11 of it.
    const energy = sum(closed.map((equilibrium) => equilibrium.energy));
    expectClose([trace.quadraticEnergy[1]], [energy], Math.max(tolerance, 1e-10), "Q");
    closed.forEach(({ errors }, sample) => {
      const x = activitiesOf(problem, trace, sample);
      for (let l = 1; l <= depthOf(net); l++) {
        const actual = errorsOf(net, l, x);
        expectClose(actual, errors[l], Math.max(tolerance, 1e-10), `errors of layer ${l}`);
      }
    });
  },
});

const iterationsCase = (
  factory: EngineFactory,
  options: ProblemOptions,
  tolerance: number,
): ConformanceCase => ({
  name: `${options.node}, ${options.activation}: 1, 2 and 3 outer iterations and their gradients are the oracle's`,
  run: async () => {
    for (const bias of [false, true]) {
      await expectIterations(factory, createProblem({ ...options, bias }), tolerance);
    }
  },
});

const expectIterations = async (
  factory: EngineFactory,
  problem: Problem,
  tolerance: number,
): Promise<void> => {
  const paths = problem.inputs.map((input, sample) =>
    gaussNewtonPath(problem.network, input, problem.targets[sample], 3),
  );
  for (let iterations = 1; iterations <= 3; iterations++) {
    const states = Array.from({ length: iterations + 1 }, (_, k) => paths.map((path) => path[k]));
    const inference = gaussNewton({ outerIterations: iterations });
    await withEngine(factory, problem, [settings({ inference })], async (engine) =>
      expectStates(engine, problem, states, tolerance),
    );
  }
};

/** A network whose output must be met closely: the linearised step is often too long. */
const demanding = (): Problem => {
  const problem = createProblem({ node: "amb", activation: "sigmoid" });
  problem.network.s[depthOf(problem.network)].fill(-6);
  return problem;
};

const backtrackingCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "a step under which a sample's Q would rise is halved for that sample, until it does not",
  run: async () => {
    const problem = demanding();
    const net = problem.network;
    const halvings = startOf(net, problem.inputs, problem.targets).map((start) => {
      const first = gaussNewtonStep(net, start);
      const second = gaussNewtonStep(net, first.x);
      return Math.max(first.halvings ?? 0, second.halvings ?? 0);
    });
    expectTrue(new Set(halvings).size > 1, `the case is idle: ${halvings.join()} halvings`);
    await expectIterations(factory, problem, tolerance);
  },
});

const noHiddenLayerCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "Gauss-Newton has nothing to infer without hidden layers",
  run: async () => expectIterations(factory, createProblem({ sizes: [6, 3] }), tolerance),
});

const equilibriumCase = (
  factory: EngineFactory,
  node: NodeConvention,
  tolerance: number,
): ConformanceCase => ({
  name: `${node}, tanh: 20 outer iterations reach the Q of 4,096 gradient steps to 1e-3, and Q never rises`,
  run: async () => {
    const problem = createProblem({ node, bias: true });
    const steps = 4096;
    const gradient = { ...settings().inference, steps, updateEvery: steps };
    const settled = (await traced(factory, problem, gradient)).quadraticEnergy[steps];
    const inference = gaussNewton({ outerIterations: 20 });
    const { quadraticEnergy } = await traced(factory, problem, inference);
    const excess = quadraticEnergy.map((energy) => energy / settled - 1);
    expectTrue(excess[1] > 1e-2, `the case is idle: an excess of ${excess[1]} after one iteration`);
    expectTrue(Math.abs(excess[20]) <= 1e-3 + tolerance, `an excess of ${excess[20]}`);
    quadraticEnergy.slice(1).forEach((energy, k) => {
      const before = quadraticEnergy[k];
      expectTrue(energy <= before * (1 + tolerance), `Q rose from ${before} to ${energy}`);
    });
  },
});

const scaleCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "Gauss-Newton: a factor on every Sigma leaves the activities where they are",
  run: async () => {
    const base = createProblem();
    const expected = await traced(factory, base, gaussNewton({ outerIterations: 3 }));
    for (const shift of [-3, 3]) {
      const scaled = createProblem();
      scaled.network.s.forEach((values) => values.forEach((s, i) => (values[i] = s + shift)));
      const trace = await traced(factory, scaled, gaussNewton({ outerIterations: 3 }));
      trace.activities.forEach((activities, index) => {
        const what = `layer ${index + 1} at Sigma times exp(${shift})`;
        expectClose(activities, expected.activities[index], tolerance, what);
      });
    }
  },
});

const solversCase = (
  factory: EngineFactory,
  node: NodeConvention,
  dense: Partial<Inference>,
  cg: Partial<Inference>,
  tolerance: number,
): ConformanceCase => ({
  name: `${node}: conjugate gradients to a tight residual end where the dense solve does`,
  run: async () => {
    const problem = createProblem({ node, activation: "gelu", outputActivation: "tanh" });
    const [expected, actual] = await Promise.all(
      [dense, cg].map((solver) =>
        traced(factory, problem, gaussNewton({ outerIterations: 2, ...solver })),
      ),
    );
    actual.activities.forEach((activities, index) => {
      const what = `activities of layer ${index + 1}`;
      expectClose(activities, expected.activities[index], tolerance, what);
    });
  },
});

const toleranceCase = (factory: EngineFactory): ConformanceCase => ({
  name: "outer iterations stop once |dQ|/Q is below the tolerance for every sample, not before",
  run: async () => {
    const problem = createProblem();
    const limit = 1e-3;
    const most = 50;
    const net = problem.network;
    let batch = startOf(net, problem.inputs, problem.targets);
    const energies = () => batch.map((x) => sum(quadraticEnergyPerLayer(net, [x])));
    let expected = 0;
    for (let change = 1; change >= limit; expected++) {
      const before = energies();
      batch = batch.map((x) => gaussNewtonStep(net, x).x);
      change = Math.max(...energies().map((q, i) => Math.abs(q - before[i]) / before[i]));
      // Far enough from the limit on both sides for an engine of any precision.
      const isClear = change < limit / 1.2 || change > 1.2 * limit;
      expectTrue(isClear, `the case is a close call: a change of ${change}`);
    }
    expectTrue(expected > 2 && expected < most, `the case is idle: ${expected} iterations`);
    const inference = gaussNewton({ outerIterations: most, tolerance: limit });
    const { stepsTaken, energy } = await traced(factory, problem, inference);
    expectClose([stepsTaken, energy.length], [expected, expected + 1], 0, "iterations taken");
  },
});

const trainingCase = (
  factory: EngineFactory,
  replica: ReplicaSettings,
  tolerances: ConformanceTolerances,
): ConformanceCase => ({
  name: `${replica.algorithm} with gauss_newton, ${replica.inference.solver}: three minibatches, the last one short`,
  run: async () => {
    const problem = createProblem({ bias: true });
    await expectTraining(factory, problem, replica, tolerances.trained);
  },
});

const resumeCase = (factory: EngineFactory, solver: Partial<Inference>): ConformanceCase => ({
  name: `gauss_newton, ${solver.solver}: a state read and loaded goes on to the same bytes`,
  run: async () => {
    const inference = gaussNewton({ outerIterations: 2, ...solver });
    const replica = { ...settingsOf("pc_rc3"), optimiser: "adam" as const, learningRate: 0.01 };
    await expectSameResumed(factory, { ...replica, inference });
  },
});
