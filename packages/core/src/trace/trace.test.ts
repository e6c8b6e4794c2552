import { describe, expect, test } from "vitest";
import {
  type OracleNetwork,
  activityGradient,
  energyGradient,
  forwardPass,
  lossGradient,
  stepOnce,
} from "../engine/conformance/oracle.js";
import { gaussNewtonPath } from "../engine/conformance/oracleGaussNewton.js";
import {
  OracleTrainer,
  energyPerLayer,
  quadraticEnergyPerLayer,
  startOf,
  summedGradient,
} from "../engine/conformance/oracleTraining.js";
import { createProblem, settingsOf } from "../engine/conformance/problems.js";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import { golden } from "./golden.js";
import { type TraceOutput, traceMinibatch } from "./trace.js";
import { parseTraceInput } from "./traceSchema.js";

const traced = async (input: unknown): Promise<TraceOutput> => {
  const parsed = parseTraceInput(JSON.parse(JSON.stringify(input)));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return traceMinibatch(parsed.value, referenceEngine);
};

/** Nested arrays, each number to `tolerance`. */
const expectClose = (actual: unknown, expected: unknown, tolerance = 1e-12): void => {
  const numbers = (value: unknown): number[] =>
    (Array.isArray(value) ? value.flat(3) : []) as number[];
  expect(numbers(actual).length).toBe(numbers(expected).length);
  expect(numbers(actual).length).toBeGreaterThan(0);
  numbers(actual).forEach((value, i) => {
    expect(Math.abs(value - numbers(expected)[i])).toBeLessThanOrEqual(tolerance);
  });
};

const goldenInput = {
  activation: "tanh",
  output_activation: "identity",
  node: "mba",
  layers: golden.weights.map((weights) => ({ weights })),
  inputs: golden.inputs,
  targets: golden.targets,
  inference: { steps: 6, rate: 0.1 },
};

describe("a trace equals another program's numbers to 1e-12", () => {
  test.each([
    ["pc", goldenInput],
    [
      "rc2",
      {
        ...goldenInput,
        inference: { steps: 6, rate: 0.1, update_every: 2 },
        optimiser: "adam",
        learning_rate: 0.02,
      },
    ],
  ] as const)("%s", async (name, input) => {
    const output = await traced(input);
    const expected = golden[name];
    expectClose(output.quadratic_energy, expected.quadratic_energy);
    expect(output.energy).toHaveLength(7);
    expectClose(output.quadratic_energy_per_layer, expected.per_layer);
    expectClose(output.activities, expected.activities);
    const { mean, max } = output.inference_residual;
    expectClose([mean, max], expected.residual);
    expectClose(output.pc.weights, expected.pc);
    expectClose(output.bp.weights, expected.bp);
    expect(Object.keys(output.pc)).toEqual(["weights"]);
  });
});

const inputOf = (net: OracleNetwork, problem: ReturnType<typeof createProblem>) => ({
  activation: net.activation,
  output_activation: net.outputActivation,
  node: net.node,
  layers: net.weights.slice(1).map((weights, index) => ({
    weights,
    bias: net.bias[index + 1],
    log_variance: net.s[index + 1],
  })),
  inputs: problem.inputs,
  targets: problem.targets,
  inference: { method: "gradient", steps: 7, rate: 0.15 },
});

describe.each(["mba", "amb"] as const)(
  "%s with bias, variances and an output activation",
  (node) => {
    const problem = createProblem({
      node,
      activation: "gelu",
      outputActivation: "sigmoid",
      bias: true,
    });
    const net = problem.network;

    test.each([true, false])(
      "precondition %s: everything is the oracle's",
      async (precondition) => {
        const base = inputOf(net, problem);
        const output = await traced({ ...base, inference: { ...base.inference, precondition } });
        let batch = startOf(net, problem.inputs, problem.targets);
        const total = (perLayer: number[]) => perLayer.reduce((sum, value) => sum + value, 0);
        const energies = [total(energyPerLayer(net, batch))];
        for (let t = 1; t <= 7; t++) {
          batch = batch.map((x) => stepOnce(net, x, { rate: 0.15, precondition }));
          energies.push(total(energyPerLayer(net, batch)));
        }
        expectClose(output.energy, energies, 1e-11);
        expectClose(output.quadratic_energy_per_layer, quadraticEnergyPerLayer(net, batch));
        const expected = summedGradient(
          net,
          batch.map((x) => energyGradient(net, x)),
        );
        expectClose(output.pc.weights.flat(2), expected.weights.flat(2));
        expectClose(output.pc.bias, expected.bias.slice(1));
        expectClose(output.pc.log_variance, expected.s.slice(1));
        const loss = summedGradient(
          net,
          problem.inputs.map((x, i) => lossGradient(net, x, problem.targets[i])),
        );
        expectClose(output.bp.weights.flat(2), loss.weights.flat(2));
        expectClose(output.bp.bias, loss.bias.slice(1));
        expect(output.bp.log_variance).toBeUndefined();
        const residuals = batch.map((x) =>
          Math.hypot(...[1, 2, 3].flatMap((l) => activityGradient(net, l, x))),
        );
        expectClose([output.inference_residual.max], [Math.max(...residuals)]);
      },
    );

    test("the cosine of each layer is that of the two gradients given out", async () => {
      const output = await traced(inputOf(net, problem));
      output.cosine.forEach((actual, index) => {
        const [a, b] = [output.pc, output.bp].map(({ weights }) => weights[index].flat());
        const dot = (x: number[], y: number[]) =>
          x.reduce((sum, value, i) => sum + value * y[i], 0);
        expect(actual).toBeCloseTo(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), 12);
      });
    });

    test.each([{ solver: "dense" }, { solver: "cg", solver_tolerance: 1e-12 }])(
      "gauss_newton, $solver: energies after each outer iteration are the oracle's",
      async (solver) => {
        const inference = { method: "gauss_newton", outer_iterations: 3, ...solver };
        const output = await traced({ ...inputOf(net, problem), inference });
        const paths = problem.inputs.map((input, i) =>
          gaussNewtonPath(net, input, problem.targets[i], 3),
        );
        const energies = [0, 1, 2, 3].map((k) =>
          quadraticEnergyPerLayer(
            net,
            paths.map((path) => path[k]),
          ).reduce((sum, value) => sum + value, 0),
        );
        expectClose(output.quadratic_energy, energies, 1e-9);
        output.activities.forEach((activities, index) => {
          expectClose(
            activities,
            paths.map((path) => path[3][index + 1]),
            1e-9,
          );
        });
      },
    );

    test("with update_every the gradients are at the weights after the last update", async () => {
      const settings = settingsOf("pc_rc2", { optimiser: "momentum", learningRate: 0.05 });
      const trainer = new OracleTrainer(net, true, settings);
      trainer.minibatch(problem.inputs, problem.targets);
      const output = await traced({
        ...inputOf(net, problem),
        inference: { steps: 12, rate: 0.1, update_every: 4 },
        optimiser: "momentum",
        learning_rate: 0.05,
      });
      const expected = summedGradient(
        trainer.net,
        problem.inputs.map((x, i) => lossGradient(trainer.net, x, problem.targets[i])),
      );
      expectClose(output.bp.weights.flat(2), expected.weights.flat(2));
    });
  },
);

test("a phase that starts at its target has no gradients, and a cosine of null", async () => {
  const problem = createProblem({ samples: 1, logVarianceSpread: 0 });
  const yhat = forwardPass(problem.network, problem.inputs[0]).at(-1) ?? [];
  const base = inputOf(problem.network, problem);
  const output = await traced({ ...base, layers: base.layers, targets: [yhat] });
  expect(output.cosine).toEqual([null, null, null, null]);
});

test("a tolerance ends the trace with the phase: one energy a step taken, and one before", async () => {
  const inference = { steps: 500, rate: 0.1, tolerance: 1e-2 };
  const { energy } = await traced({ ...goldenInput, inference });
  expect(energy.length).toBeGreaterThan(5);
  expect(energy.length).toBeLessThan(100);
});

test("a phase that diverges is an error, not a null", async () => {
  const inference = { steps: 200, rate: 1e9 };
  await expect(traced({ ...goldenInput, activation: "identity", inference })).rejects.toThrow(
    /not finite after activity step \d+; lower inference.rate/,
  );
});

describe("an input that is wrong is refused with the place", () => {
  const refused = (change: Record<string, unknown>): string[] => {
    const parsed = parseTraceInput({ ...goldenInput, ...change });
    if (parsed.ok) throw new Error("accepted");
    return parsed.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
  };
  const [first, second, third] = goldenInput.layers;

  test.each([
    [{ surprise: 1 }, "#/surprise"],
    [{ activation: "tahn" }, "#/activation .*did you mean 'tanh'"],
    [{ node: undefined }, "#/node .*required"],
    [{ layers: [] }, "#/layers"],
    [{ layers: [{ weights: [[1, "2"]] }] }, "#/layers/0/weights/0/1"],
    [{ layers: [{ weights: [[1, Number.NaN]] }] }, "#/layers/0/weights/0/1"],
    [{ layers: [first, { weights: [[1, 2]] }, third] }, "#/layers/1/weights/0 .*expected 3"],
    [{ layers: [first, { ...second, bias: [1] }, third] }, "#/layers/1/bias .*expected 3"],
    [{ layers: [first, { ...second, bias: [1, 2, 3] }, third] }, "layer 2 has a bias"],
    [{ layers: [first, { ...second, log_variance: [1] }, third] }, "#/layers/1/log_variance"],
    [
      {
        inputs: [
          [1, 2, 3, 4],
          [1, 2],
        ],
      },
      "#/inputs/1",
    ],
    [{ targets: [[1, 0]] }, "#/targets .*one for each input"],
    [{ targets: [[1], [1, 0], [1, 0]] }, "#/targets/0 .*expected 2"],
    [{ inference: { steps: 0, rate: 0.1 } }, "#/inference/steps"],
    [{ inference: { steps: 5, rate: -1 } }, "#/inference/rate"],
    [{ inference: { steps: 5, rate: 1, method: "nesterov" } }, "#/inference/method .*gradient"],
    [{ inference: { steps: 5, rate: 1, update_every: 2 } }, "#/inference/update_every .*multiple"],
    [{ inference: { steps: 4, rate: 1, update_every: 2 } }, "#/learning_rate .*required"],
    [{ inference: { rate: 1 } }, "#/inference/steps .*required"],
    [{ inference: { steps: 4 } }, "#/inference/rate .*required"],
    [{ inference: { steps: 4, rate: 1, solver: "cg" } }, "#/inference/solver .*gauss_newton"],
    [{ inference: { method: "gauss_newton", update_every: 2 } }, "#/inference/method .*gradient"],
    [{ activation: "relu", inference: { method: "gauss_newton" } }, "#/activation .*smooth"],
  ])("%o", (change, expected) => {
    const problems = refused(change);
    expect(
      problems.some((problem) => new RegExp(expected).test(problem)),
      problems.join(),
    ).toBe(true);
  });

  test("two mistakes at once are both reported", () => {
    expect(refused({ activation: "x", inference: { steps: 0, rate: 0.1 } })).toHaveLength(2);
  });
});
