/** One minibatch: predictions, phases and gradients are the oracle's. */
import { ACTIVATIONS, NODE_CONVENTIONS, type NodeConvention } from "../../experiment/vocabulary.js";
import type { ConformanceCase, ConformanceTolerances } from "./case.js";
import type { EngineFactory } from "../engine.js";
import { expectClose, expectTrue } from "./compare.js";
import { expectGradient, expectStates } from "./expectStates.js";
import { forwardPass, lossGradient, stepOnce } from "./oracle.js";
import { quadraticEnergyPerLayer, startOf, summedGradient } from "./oracleTraining.js";
import { type Problem, type ProblemOptions, createProblem, settings } from "./problems.js";
import { minibatchOf, withEngine } from "./withEngine.js";

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

export const equationCases = (
  factory: EngineFactory,
  { phase: tolerance }: ConformanceTolerances,
): ConformanceCase[] => [
  ...NODE_CONVENTIONS.flatMap((node) =>
    ACTIVATIONS.flatMap((activation) => [
      predictionCase(factory, { node, activation, bias: true }, tolerance),
      phaseCase(factory, { node, activation, outputActivation: activation }, tolerance),
    ]),
  ),
  ...[true, false].map((precondition) => preconditionCase(factory, precondition, tolerance)),
  noHiddenLayerCase(factory, tolerance),
  perSampleCase(factory, tolerance),
  ...NODE_CONVENTIONS.map((node) => toleranceCase(factory, node)),
];

const title = ({ node, activation }: ProblemOptions): string => `${node}, ${activation}`;

const predictionCase = (
  factory: EngineFactory,
  options: ProblemOptions,
  tolerance: number,
): ConformanceCase => ({
  name: `${title(options)}: the loss, the hits and BP's gradient are the forward pass's`,
  run: async () => {
    const problem = createProblem(options);
    await withEngine(factory, problem, [settings({ algorithm: "bp" })], async (engine) => {
      const outputs = problem.inputs.map(
        (input) => forwardPass(problem.network, input).at(-1) ?? [],
      );
      const losses = outputs.map(
        (yhat, i) => sum(yhat.map((v, j) => (v - problem.targets[i][j]) ** 2)) / 2,
      );
      const position = (values: number[]) => values.indexOf(Math.max(...values));
      const hits = outputs.map((yhat, i) => position(yhat) === position(problem.targets[i]));
      const range = { first: 1, count: 3 };
      const evaluation = await engine.evaluate(0, problem.examples, range);
      expectClose([evaluation.lossSum], [sum(losses.slice(1, 4))], tolerance, "loss");
      expectClose([evaluation.correct], [hits.slice(1, 4).filter(Boolean).length], 0, "hits");

      const gradients = problem.inputs.map((input, i) =>
        lossGradient(problem.network, input, problem.targets[i]),
      );
      const actual = await engine.gradients(0, minibatchOf(problem), "bp");
      const expected = summedGradient(problem.network, gradients);
      expectGradient(actual, { ...expected, s: [] }, problem, tolerance);
    });
  },
});

const phaseCase = (
  factory: EngineFactory,
  options: ProblemOptions,
  tolerance: number,
): ConformanceCase => ({
  name: `${title(options)}: every step of a phase and its gradients are the oracle's`,
  run: async () => expectPhase(factory, createProblem({ bias: true, ...options }), tolerance),
});

const preconditionCase = (
  factory: EngineFactory,
  precondition: boolean,
  tolerance: number,
): ConformanceCase => ({
  name: `precondition ${precondition}: Sigma enters each step where it should`,
  run: async () =>
    expectPhase(factory, createProblem({ logVarianceSpread: 1.5 }), tolerance, precondition),
});

const noHiddenLayerCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "a network without hidden layers has nothing to infer, and BP's gradient",
  run: async () =>
    expectPhase(factory, createProblem({ sizes: [6, 3], logVarianceSpread: 0 }), tolerance),
});

const expectPhase = async (
  factory: EngineFactory,
  problem: Problem,
  tolerance: number,
  precondition = true,
): Promise<void> => {
  const base = settings();
  const inference = { ...base.inference, precondition };
  const states = [startOf(problem.network, problem.inputs, problem.targets)];
  for (let t = 1; t <= inference.steps; t++) {
    states.push(states[t - 1].map((x) => stepOnce(problem.network, x, inference)));
  }
  await withEngine(factory, problem, [{ ...base, inference }], async (engine) =>
    expectStates(engine, problem, states, tolerance),
  );
};

const perSampleCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "a sample settles alone as it does in a batch: the inference rate is not divided by its size",
  run: async () => {
    const problem = createProblem();
    await withEngine(factory, problem, [settings()], async (engine) => {
      const together = await engine.tracePhase(0, minibatchOf(problem), false);
      const alone = await engine.tracePhase(0, minibatchOf(problem, [3]), false);
      together.activities.forEach((activities, index) => {
        const units = problem.shape.sizes[index + 1];
        const row = activities.slice(3 * units, 4 * units);
        expectClose(alone.activities[index], row, tolerance, `layer ${index + 1}`);
      });
    });
  },
});

const toleranceCase = (factory: EngineFactory, node: NodeConvention): ConformanceCase => ({
  name: `${node}: a phase stops once |dQ|/Q is below the tolerance for every sample, not before`,
  run: async () => {
    const problem = createProblem({ node });
    const steps = 400;
    const limit = 3e-3;
    const base = settings();
    const inference = { ...base.inference, steps, updateEvery: steps, tolerance: limit };
    let expected = 0;
    let batch = startOf(problem.network, problem.inputs, problem.targets);
    const energies = () => batch.map((x) => sum(quadraticEnergyPerLayer(problem.network, [x])));
    for (let change = 1; change >= limit; expected++) {
      const before = energies();
      batch = batch.map((x) => stepOnce(problem.network, x, inference));
      change = Math.max(...energies().map((q, i) => Math.abs(q - before[i]) / before[i]));
    }
    expectTrue(expected > 5 && expected < steps, `the case is idle: ${expected} steps`);
    await withEngine(factory, problem, [{ ...base, inference }], async (engine) => {
      const { stepsTaken, energy } = await engine.tracePhase(0, minibatchOf(problem), false);
      expectClose([stepsTaken, energy.length], [expected, expected + 1], 0, "steps taken");
    });
  },
});
