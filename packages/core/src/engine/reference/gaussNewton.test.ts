/** Gauss-Newton at its edges. What it computes elsewhere is in exact.test.ts and in the conformance suite. */
import { describe, expect, test } from "vitest";
import { forwardPass } from "../conformance/oracle.js";
import { gaussNewtonStep } from "../conformance/oracleGaussNewton.js";
import { startOf } from "../conformance/oracleTraining.js";
import { type Problem, createProblem, gaussNewton, settings } from "../conformance/problems.js";
import { minibatchOf, withEngine } from "../conformance/withEngine.js";
import type { PhaseTrace, ReplicaSettings } from "../engine.js";
import { referenceEngine } from "./referenceEngine.js";

const traced = async (
  problem: Problem,
  inference: ReplicaSettings["inference"],
  indices?: number[],
): Promise<PhaseTrace> => {
  let trace: PhaseTrace | null = null;
  await withEngine(referenceEngine, problem, [settings({ inference })], async (engine) => {
    trace = await engine.tracePhase(0, minibatchOf(problem, indices), false);
  });
  if (trace === null) throw new Error("the phase gave no trace");
  return trace;
};

const solvers = [
  { solver: "dense", solverTolerance: null },
  { solver: "cg", solverTolerance: 1e-9 },
] as const;

describe.each(solvers)("$solver", (solver) => {
  const inference = gaussNewton({ outerIterations: 3, ...solver });

  test("a sample that is right already stands still, and leaves its neighbours alone", async () => {
    const problem = createProblem();
    const yhat = forwardPass(problem.network, problem.inputs[0]).at(-1) ?? [];
    problem.examples.targets.set(yhat);
    const { activities } = await traced(problem, inference);
    const forward = forwardPass(problem.network, problem.inputs[0]);
    for (const [index, values] of activities.entries()) {
      expect(values.every(Number.isFinite)).toBe(true);
      forward[index + 1].forEach((x, i) => expect(values[i]).toBeCloseTo(x, 12));
    }
    const alone = await traced(problem, inference, [3]);
    const units = problem.shape.sizes[1];
    activities[0]
      .slice(3 * units, 4 * units)
      .forEach((x, i) => expect(alone.activities[0][i]).toBeCloseTo(x, 7));
  });

  test("a system that overflows moves nothing: errors and Q are the forward pass's", async () => {
    const problem = createProblem();
    for (const layer of problem.network.s.slice(1, -1)) layer.fill(800);
    const { activities, quadraticEnergy } = await traced(problem, inference);
    expect(new Set(quadraticEnergy).size).toBe(1);
    problem.inputs.forEach((input, sample) => {
      const forward = forwardPass(problem.network, input);
      const units = problem.shape.sizes[1];
      forward[1].forEach((x, i) => expect(activities[0][sample * units + i]).toBeCloseTo(x, 12));
    });
  });
});

test("with the dense solver a sample's bytes do not depend on its minibatch", async () => {
  const problem = createProblem({ node: "amb", activation: "sigmoid" });
  // An output that must be met closely makes some samples of the minibatch backtrack, and others not.
  problem.network.s[problem.network.s.length - 1].fill(-6);
  const inference = gaussNewton({ outerIterations: 3 });
  const together = await traced(problem, inference);
  const alone = await traced(problem, inference, [3]);
  together.activities.forEach((activities, index) => {
    const units = problem.shape.sizes[index + 1];
    expect(alone.activities[index]).toEqual(activities.slice(3 * units, 4 * units));
  });
});

test("a sample for which no step will do keeps its errors: Q never rises, not even across a kink", async () => {
  // A spec with relu is refused; here its kinks bring the samples to where every halving fails.
  const problem = createProblem({ activation: "relu" });
  const iterations = 40;
  const paths = problem.inputs.map((input, sample) => {
    const [start] = startOf(problem.network, [input], [problem.targets[sample]]);
    const steps = [{ x: start, halvings: 0 as number | null }];
    for (let k = 0; k < iterations; k++) steps.push(gaussNewtonStep(problem.network, steps[k].x));
    return steps;
  });
  expect(paths.some((steps) => steps.some(({ halvings }) => halvings === null))).toBe(true);
  const inference = gaussNewton({ outerIterations: iterations });
  const { quadraticEnergy } = await traced(problem, inference);
  for (let k = 1; k <= iterations; k++) {
    expect(quadraticEnergy[k]).toBeLessThanOrEqual(quadraticEnergy[k - 1] * (1 + 1e-12));
  }
});
