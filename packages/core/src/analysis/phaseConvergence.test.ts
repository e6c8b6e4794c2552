import { describe, expect, test } from "vitest";
import { linearEquilibrium } from "../engine/conformance/linearEquilibrium.js";
import { forwardPass } from "../engine/conformance/oracle.js";
import { residualOf, startOf } from "../engine/conformance/oracleTraining.js";
import {
  type Problem,
  createProblem,
  gaussNewton,
  settings,
  settingsOf,
} from "../engine/conformance/problems.js";
import { minibatchOf, withEngine } from "../engine/conformance/withEngine.js";
import type { EngineFactory, PhaseTrace, ReplicaSettings } from "../engine/engine.js";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import {
  type PhaseConvergence,
  type PhaseConvergenceOptions,
  measurePhaseConvergence,
  phaseStepCounts,
} from "./phaseConvergence.js";

const optionsOf = (problem: Problem, replica: ReplicaSettings): PhaseConvergenceOptions => ({
  engine: referenceEngine,
  engineOptions: { shape: problem.shape, batchSize: 2, replicas: [replica] },
  state: problem.stateFor(replica.optimiser),
  minibatch: minibatchOf(problem),
});

const measured = (problem: Problem, replica: ReplicaSettings): Promise<PhaseConvergence> =>
  measurePhaseConvergence(optionsOf(problem, replica));

const gradientSteps = (
  steps: number,
  overrides: Partial<ReplicaSettings["inference"]> = {},
): ReplicaSettings =>
  settings({ inference: { ...settings().inference, steps, updateEvery: steps, ...overrides } });

const traced = async (problem: Problem, replica: ReplicaSettings): Promise<PhaseTrace> => {
  const traces: PhaseTrace[] = [];
  await withEngine(referenceEngine, problem, [replica], async (engine) => {
    traces.push(await engine.tracePhase(0, minibatchOf(problem), false));
  });
  return traces[0];
};

test.each([
  [1, [0, 1]],
  [2, [0, 1, 2]],
  [12, [0, 1, 2, 4, 8, 12]],
  [256, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]],
])("the step counts up to %d double, and end with it", (last, counts) => {
  expect(phaseStepCounts(last)).toEqual(counts);
});

describe("the convergence of a phase", () => {
  test("in a linear net ends at Q = 1/2 r^T S^-1 r, with an excess of 0 and no residual", async () => {
    const problem = createProblem({ activation: "identity", sizes: [6, 5, 4, 5, 3], samples: 3 });
    const { points, reference, unit, examples } = await measured(
      problem,
      gradientSteps(2000, { rate: 0.2 }),
    );
    const closed = problem.inputs
      .map((input, i) => linearEquilibrium(problem.network, input, problem.targets[i]).energy)
      .reduce((sum, energy) => sum + energy / 3, 0);
    expect([unit, examples, reference.method]).toEqual(["activity_steps", 3, "gauss_newton"]);
    expect(reference.quadratic_energy).toBeCloseTo(closed, 10);
    expect(reference.inference_residual.max).toBeLessThan(1e-6);
    const last = points[points.length - 1];
    expect(last.steps).toBe(2000);
    expect(Math.abs(last.relative_excess ?? 1)).toBeLessThan(1e-9);
    expect(last.inference_residual.max).toBeLessThan(1e-4);
    expect(points[0].relative_excess).toBeGreaterThan(0.1);
  });

  test("has at each step count the energy of one long trace, and at 0 the oracle's residual", async () => {
    const problem = createProblem({ bias: true });
    const { points } = await measured(problem, gradientSteps(12));
    const { quadraticEnergy, residualSum, residualMax } = await traced(problem, gradientSteps(12));
    const samples = problem.inputs.length;
    expect(points.map(({ steps }) => steps)).toEqual([0, 1, 2, 4, 8, 12]);
    for (const { steps, quadratic_energy } of points) {
      expect(quadratic_energy).toBeCloseTo(quadraticEnergy[steps] / samples, 14);
    }
    expect(points[5].inference_residual).toEqual({ mean: residualSum / samples, max: residualMax });
    const start = startOf(problem.network, problem.inputs, problem.targets);
    const residuals = start.map((x) => residualOf(problem.network, x));
    const mean = residuals.reduce((sum, residual) => sum + residual, 0) / samples;
    expect(points[0].inference_residual.mean).toBeCloseTo(mean, 12);
    expect(points[0].inference_residual.max).toBeCloseTo(Math.max(...residuals), 12);
  });

  test("is of fixed weights: every algorithm's is plain pc's, and the state stays", async () => {
    const problem = createProblem();
    const expected = await measured(problem, settingsOf("pc"));
    for (const algorithm of ["bp", "pc_rc2", "pc_rc3", "pc_rc23"] as const) {
      const options = optionsOf(problem, settingsOf(algorithm));
      expect(await measurePhaseConvergence(options)).toEqual(expected);
      expect(options.state).toEqual(problem.stateFor("sgd"));
    }
  });

  test("takes all its steps, whatever the run's tolerance", async () => {
    const { points } = await measured(createProblem(), gradientSteps(12, { tolerance: 0.5 }));
    expect(points).toEqual((await measured(createProblem(), gradientSteps(12))).points);
  });

  test("of a Gauss-Newton run counts outer iterations", async () => {
    const problem = createProblem();
    const inference = gaussNewton({ outerIterations: 3 });
    const { unit, points } = await measured(problem, settings({ inference }));
    const { quadraticEnergy } = await traced(problem, settings({ inference }));
    expect(unit).toBe("outer_iterations");
    expect(points.map(({ steps }) => steps)).toEqual([0, 1, 2, 3]);
    points.forEach(({ quadratic_energy }, iteration) => {
      expect(quadratic_energy).toBeCloseTo(quadraticEnergy[iteration] / problem.inputs.length, 14);
    });
  });

  test("is measured against gradient steps where they are asked for, and where there is a kink", async () => {
    const asked = await measurePhaseConvergence({
      ...optionsOf(createProblem(), gradientSteps(4)),
      referenceSteps: 4096,
    });
    const byDefault = await measured(createProblem(), gradientSteps(4));
    expect([asked.reference.method, asked.reference.steps]).toEqual(["gradient", 4096]);
    const ratio =
      (asked.reference.quadratic_energy ?? 0) / (byDefault.reference.quadratic_energy ?? 1);
    expect(Math.abs(ratio - 1)).toBeLessThan(1e-3);
    const kinked = createProblem({ activation: "relu", sizes: [3, 2, 2], samples: 1 });
    const { reference } = await measured(kinked, gradientSteps(4));
    expect([reference.method, reference.steps]).toEqual(["gradient", 20_000]);
  });

  test("counts the samples of the batch that meet condition 1", async () => {
    const problem = createProblem();
    const errors = problem.inputs.map((input, i) => {
      const yhat = forwardPass(problem.network, input)[4];
      return Math.hypot(...yhat.map((value, k) => value - problem.targets[i][k]));
    });
    const sorted = [...errors].sort((a, b) => a - b);
    const condition1Delta = (sorted[1] + sorted[2]) / 2;
    const options = optionsOf(problem, settings({ condition1Delta }));
    const whole = await measurePhaseConvergence(options);
    expect(whole.condition_1).toEqual({ delta: condition1Delta, share: 2 / 5 });
    const nearest = errors.indexOf(sorted[0]);
    const minibatch = minibatchOf(problem, [nearest]);
    const one = await measurePhaseConvergence({ ...options, minibatch });
    expect(one.condition_1.share).toBe(1);
  });

  test("is JSON, with null where a phase diverged", async () => {
    const problem = createProblem({ activation: "identity" });
    const found = await measured(problem, gradientSteps(80, { rate: 1e9 }));
    const last = found.points[found.points.length - 1];
    expect(last).toEqual({
      steps: 80,
      quadratic_energy: null,
      inference_residual: { mean: null, max: null },
      relative_excess: null,
    });
    expect(found.points[0].relative_excess).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test("leaves no engine behind, breathes, and hands on the threads", async () => {
    const problem = createProblem();
    let [alive, threads, breaths] = [0, 0, 0];
    const engine: EngineFactory = {
      id: referenceEngine.id,
      create: async (options) => {
        const created = await referenceEngine.create(options);
        alive += 1;
        const dispose = created.dispose.bind(created);
        created.setThreads = (count) => {
          threads = count;
        };
        created.dispose = async () => {
          alive -= 1;
          await dispose();
        };
        return created;
      },
    };
    await measurePhaseConvergence({
      ...optionsOf(problem, gradientSteps(4)),
      engine,
      control: { threads: 3 },
      breathe: async () => {
        breaths += 1;
        expect(alive).toBe(0);
      },
    });
    expect([alive, threads, breaths]).toEqual([0, 3, 4]);
  });
});
