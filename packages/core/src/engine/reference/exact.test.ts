/**
 * The exact tests of docs/EQUATIONS.md against the reference engine. The oracles are closed forms and finite differences
 * written here or in ../conformance/oracle.ts, which shares nothing with the engine.
 */
import { describe, expect, test } from "vitest";
import { NODE_CONVENTIONS } from "../../experiment/vocabulary.js";
import { linearEquilibrium } from "../conformance/linearEquilibrium.js";
import {
  type OracleNetwork,
  type Vector,
  depthOf,
  energyOf,
  errorsOf,
  forwardPass,
} from "../conformance/oracle.js";
import { residualOf } from "../conformance/oracleTraining.js";
import { type Problem, createProblem, gaussNewton, settings } from "../conformance/problems.js";
import { minibatchOf, withEngine } from "../conformance/withEngine.js";
import type { LayerGradient, PhaseTrace, ReplicaSettings } from "../engine.js";
import { referenceEngine } from "./referenceEngine.js";

const inference = (overrides: Partial<ReplicaSettings["inference"]>): ReplicaSettings => {
  const base = settings().inference;
  const steps = overrides.steps ?? base.steps;
  return settings({ inference: { ...base, ...overrides, steps, updateEvery: steps } });
};

const traced = async (problem: Problem, replica: ReplicaSettings): Promise<PhaseTrace> => {
  let trace: PhaseTrace | null = null;
  await withEngine(referenceEngine, problem, [replica], async (engine) => {
    trace = await engine.tracePhase(0, minibatchOf(problem), false);
  });
  if (trace === null) throw new Error("the phase gave no trace");
  return trace;
};

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  dot(a, b) / (norm(a) * norm(b));
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
};

/** One sample's x_0..x_L out of a trace. */
const activitiesOf = (problem: Problem, trace: PhaseTrace, sample: number): Vector[] => [
  problem.inputs[sample],
  ...trace.activities.map((values, index) => {
    const units = problem.shape.sizes[index + 1];
    return Array.from(values.subarray(sample * units, (sample + 1) * units));
  }),
  problem.targets[sample],
];

describe.each(NODE_CONVENTIONS)("finite differences of E, %s", (node) => {
  const problem = createProblem({ node, bias: true, outputActivation: "tanh" });
  const net = structuredClone(problem.network);
  const L = depthOf(net);

  const totalEnergy = (batch: Vector[][]): number => {
    let sum = 0;
    for (const x of batch) for (let l = 1; l <= L; l++) sum += energyOf(net, l, x);
    return sum;
  };
  const central = (values: Vector, i: number, energy: () => number): number => {
    const [step, original] = [1e-5, values[i]];
    values[i] = original + step;
    const above = energy();
    values[i] = original - step;
    const below = energy();
    values[i] = original;
    return (above - below) / (2 * step);
  };

  test("in theta, b and s, at the activities that the engine found: 1e-6", async () => {
    const trace = await traced(problem, inference({ steps: 9 }));
    const batch = problem.inputs.map((_, sample) => activitiesOf(problem, trace, sample));
    const energy = () => totalEnergy(batch);
    for (let l = 1; l <= L; l++) {
      const { weights, bias, logVariance } = trace.pc[l - 1];
      const inputs = problem.shape.sizes[l - 1];
      const numeric = net.weights[l].flatMap((row) => row.map((_, j) => central(row, j, energy)));
      expect(weights.length).toBe(net.weights[l].length * inputs);
      expect(largestDifference(weights, numeric)).toBeLessThan(1e-6);
      const biasNumeric = net.bias[l].map((_, i) => central(net.bias[l], i, energy));
      expect(largestDifference(bias ?? [], biasNumeric)).toBeLessThan(1e-6);
      const varianceNumeric = net.s[l].map((_, i) => central(net.s[l], i, energy));
      expect(largestDifference(logVariance ?? [], varianceNumeric)).toBeLessThan(1e-6);
    }
  });

  test("in x: an activity step of rate 1e-3 moves by the numeric gradient, 1e-6 of it", async () => {
    const rate = 1e-3;
    const raw = { rate, precondition: false } as const;
    const [before, after] = await Promise.all(
      [9, 10].map((steps) => traced(problem, inference({ ...raw, steps }))),
    );
    for (let sample = 0; sample < problem.inputs.length; sample++) {
      const x = activitiesOf(problem, before, sample);
      const moved = activitiesOf(problem, after, sample);
      for (let l = 1; l < L; l++) {
        const numeric = x[l].map((_, i) => central(x[l], i, () => totalEnergy([x])));
        const stepped = x[l].map((value, i) => (value - moved[l][i]) / rate);
        expect(largestDifference(stepped, numeric)).toBeLessThan(1e-6);
      }
    }
  });
});

describe("zero-divergence inference learning", () => {
  test.each(NODE_CONVENTIONS)(
    "%s: with gamma = 1 and Sigma = 1 the gradient of layer L - t at step t is BP's, to 1e-12",
    async (node) => {
      const problem = createProblem({ node, logVarianceSpread: 0, sizes: [6, 5, 5, 5, 5, 3] });
      const L = problem.shape.sizes.length - 1;
      for (let t = 1; t < L; t++) {
        const trace = await traced(problem, inference({ steps: t, rate: 1 }));
        const layer = L - t - 1;
        const { pc, bp } = trace;
        expect(largestDifference(pc[layer].weights, bp[layer].weights)).toBeLessThan(1e-12);
        expect(norm(bp[layer].weights)).toBeGreaterThan(1e-3);
      }
    },
  );
});

describe("a linear network", () => {
  const linear = { activation: "identity", sizes: [6, 5, 4, 5, 3], samples: 3 } as const;

  test("gradient inference from the forward start reaches Q = 1/2 r^T S^-1 r, to 1e-6 of it", async () => {
    const problem = createProblem(linear);
    const trace = await traced(problem, inference({ steps: 600, rate: 0.2 }));
    const expected = problem.inputs
      .map((input, i) => linearEquilibrium(problem.network, input, problem.targets[i]).energy)
      .reduce((sum, energy) => sum + energy, 0);
    const reached = trace.quadraticEnergy[trace.quadraticEnergy.length - 1];
    expect(Math.abs(reached / expected - 1)).toBeLessThan(1e-6);
  });

  test("there eps_L = Sigma_L S^-1 r and eps_l = Sigma_l J_l^T S^-1 r, and Q is exact, to 1e-10", async () => {
    const problem = createProblem(linear);
    const trace = await traced(problem, inference({ steps: 6000, rate: 0.2 }));
    const L = depthOf(problem.network);
    let energy = 0;
    problem.inputs.forEach((input, sample) => {
      const closed = linearEquilibrium(problem.network, input, problem.targets[sample]);
      energy += closed.energy;
      const x = activitiesOf(problem, trace, sample);
      for (let l = 1; l <= L; l++) {
        const mu = problem.network.weights[l].map((row) => dot(row, x[l - 1]));
        const eps = x[l].map((value, i) => value - mu[i]);
        expect(largestDifference(eps, closed.errors[l])).toBeLessThan(1e-10);
      }
    });
    const reached = trace.quadraticEnergyPerLayer.reduce((sum, q) => sum + q, 0);
    expect(Math.abs(reached - energy)).toBeLessThan(1e-10);
  });

  test("Q falls monotonically at gamma = 1/lambda_max of the preconditioned Hessian", async () => {
    const problem = createProblem({ ...linear, samples: 1 });
    const { eigenvalue } = linearEquilibrium(
      problem.network,
      problem.inputs[0],
      problem.targets[0],
    ).top();
    const { quadraticEnergy } = await traced(
      problem,
      inference({ steps: 60, rate: 1 / eigenvalue }),
    );
    for (let step = 1; step <= 40; step++) {
      expect(quadraticEnergy[step]).toBeLessThan(quadraticEnergy[step - 1]);
    }
  });

  test.each([
    [1.9, -0.9],
    [2.1, -1.1],
  ])(
    "at gamma = %d/lambda_max the top eigencomponent of x - x* is multiplied by %d a step, to 1e-10",
    async (share, factor) => {
      const problem = createProblem({ ...linear, samples: 1 });
      const closed = linearEquilibrium(problem.network, problem.inputs[0], problem.targets[0]);
      const { eigenvalue, component } = closed.top();
      const componentAfter = async (steps: number): Promise<number> => {
        const trace = await traced(problem, inference({ steps, rate: share / eigenvalue }));
        return component(trace.activities.flatMap((values) => [...values]));
      };
      const components = await Promise.all([1, 2, 3, 4].map(componentAfter));
      for (let step = 1; step < components.length; step++) {
        expect(Math.abs(components[step] / components[step - 1] - factor)).toBeLessThan(1e-10);
      }
    },
  );
});

describe.each([
  { solver: "dense", solverTolerance: null },
  { solver: "cg", solverTolerance: 1e-13 },
] as const)("Gauss-Newton, $solver", (solver) => {
  const replica = (outerIterations: number): ReplicaSettings =>
    settings({ inference: gaussNewton({ outerIterations, ...solver }) });

  test("in a linear network one iteration gives eps_l = Sigma_l J_l^T S^-1 r and Q, to 1e-10, and a second none", async () => {
    const problem = createProblem({ activation: "identity", sizes: [6, 5, 4, 5, 3], samples: 3 });
    const net = problem.network;
    const trace = await traced(problem, replica(1));
    let energy = 0;
    problem.inputs.forEach((input, sample) => {
      const closed = linearEquilibrium(net, input, problem.targets[sample]);
      energy += closed.energy;
      const x = activitiesOf(problem, trace, sample);
      for (let l = 1; l <= depthOf(net); l++) {
        expect(largestDifference(errorsOf(net, l, x), closed.errors[l])).toBeLessThan(1e-10);
      }
    });
    expect(Math.abs(trace.quadraticEnergy[1] - energy)).toBeLessThan(1e-10);
    const { quadraticEnergy } = await traced(problem, replica(2));
    expect(Math.abs(quadraticEnergy[2] / quadraticEnergy[1] - 1)).toBeLessThan(1e-12);
  });

  test.each(NODE_CONVENTIONS)(
    "%s, tanh: where the iterations end dE/dx is 0, to 1e-5: Q cannot tell errors nearer than the root of its rounding",
    async (node) => {
      const problem = createProblem({ node, bias: true });
      const trace = await traced(problem, replica(100));
      problem.inputs.forEach((_, sample) => {
        expect(residualOf(problem.network, activitiesOf(problem, trace, sample))).toBeLessThan(
          1e-5,
        );
      });
    },
  );
});

describe("PC's weight gradient against BP's", () => {
  /** At equilibrium, each layer's Sigma_L dtheta or dtheta, summed over the batch, and BP's gradient. */
  const atEquilibrium = async (problem: Problem): Promise<PhaseTrace> =>
    traced(problem, inference({ steps: 4000, rate: 0.2 }));

  const withOutputVariance = (problem: Problem, sigma: number): Problem => {
    problem.network.s[depthOf(problem.network)].fill(Math.log(sigma));
    return problem;
  };

  test.each([
    [1e3, 2e-2],
    [1e4, 2e-3],
  ])(
    "hidden Sigma 1 and Sigma_L = %d: Sigma_L dtheta is BP's gradient to %d, relative",
    async (sigma, tolerance) => {
      const problem = withOutputVariance(createProblem({ logVarianceSpread: 0 }), sigma);
      const { pc, bp } = await atEquilibrium(problem);
      for (let layer = 0; layer < bp.length; layer++) {
        const scaled = Array.from(pc[layer].weights, (value) => sigma * value);
        const difference = scaled.map((value, i) => value - bp[layer].weights[i]);
        expect(norm(difference) / norm(bp[layer].weights)).toBeLessThan(tolerance);
      }
    },
  );

  test("Sigma = 1 and r -> 0: the direction is backprop of S^-1 r, cosine > .9999, and not BP's", async () => {
    const problem = createProblem({ logVarianceSpread: 0, samples: 1 });
    const net = problem.network;
    const x = forwardPass(net, problem.inputs[0]);
    const L = depthOf(net);
    const r = problem.targets[0].map((_, i) => 1e-4 * Math.cos(1 + 2 * i));
    problem.examples.targets.set(r.map((value, i) => x[L][i] + value));
    const { pc, bp } = await atEquilibrium(problem);

    // Backprop of S^-1 r: the target that a forward pass would need for that output error.
    const solved = linearEquilibrium(net, problem.inputs[0], [...problem.examples.targets]).lambda;
    const other = createProblem({ logVarianceSpread: 0, samples: 1 });
    other.examples.targets.set(solved.map((value, i) => x[L][i] + value));
    const expected = await gradientsOf(other, "bp");
    for (let layer = 0; layer < L; layer++) {
      expect(cosine(pc[layer].weights, expected[layer].weights)).toBeGreaterThan(0.9999);
    }
    expect(cosine(pc[0].weights, bp[0].weights)).toBeLessThan(0.9999);
  });

  const gradientsOf = async (problem: Problem, rule: "bp" | "pc"): Promise<LayerGradient[]> => {
    let gradients: LayerGradient[] = [];
    await withEngine(referenceEngine, problem, [settings()], async (engine) => {
      gradients = await engine.gradients(0, minibatchOf(problem), rule);
    });
    return gradients;
  };
});

test("dE/ds = 0 at s = ln eps^2, to 1e-12", async () => {
  // Without hidden layers nothing moves: eps is the forward pass's, and s can be set from it.
  const problem = createProblem({ sizes: [5, 4], samples: 1, logVarianceSpread: 0 });
  const net: OracleNetwork = problem.network;
  const yhat = forwardPass(net, problem.inputs[0])[1];
  net.s[1] = yhat.map((value, i) => Math.log((problem.targets[0][i] - value) ** 2));
  const { pc } = await traced(problem, inference({ steps: 1 }));
  expect(largestDifference(pc[0].logVariance ?? [], [0, 0, 0, 0])).toBeLessThan(1e-12);
});
