/** What an engine must say of a phase whose activities are known. */
import type { Engine, LayerGradient } from "../engine.js";
import { expectClose, expectTrue } from "./compare.js";
import { type OracleGradient, type Vector, energyGradient } from "./oracle.js";
import {
  energyPerLayer,
  quadraticEnergyPerLayer,
  residualOf,
  summedGradient,
} from "./oracleTraining.js";
import type { Problem } from "./problems.js";
import { minibatchOf } from "./withEngine.js";

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/**
 * The energies after 0, 1, ... steps, and at the end activities, residuals and gradients: all those of `states`, the
 * batch's activities x_0..x_L after each step.
 */
export const expectStates = async (
  engine: Engine,
  problem: Problem,
  states: Vector[][][],
  tolerance: number,
): Promise<void> => {
  const net = problem.network;
  const trace = await engine.tracePhase(0, minibatchOf(problem), false);
  const energies = states.map((batch) => sum(energyPerLayer(net, batch)));
  const quadratic = states.map((batch) => sum(quadraticEnergyPerLayer(net, batch)));
  expectClose(trace.energy, energies, tolerance, "energy");
  expectClose(trace.quadraticEnergy, quadratic, tolerance, "quadratic energy");
  const batch = states[states.length - 1];
  const perLayer = quadraticEnergyPerLayer(net, batch);
  expectClose(trace.quadraticEnergyPerLayer, perLayer, tolerance, "quadratic energy per layer");
  trace.activities.forEach((activities, index) => {
    const expected = batch.flatMap((x) => x[index + 1]);
    expectClose(activities, expected, tolerance, `activities of layer ${index + 1}`);
  });
  const residuals = batch.map((x) => residualOf(net, x));
  expectClose([trace.residualSum], [sum(residuals)], tolerance, "sum of the residuals");
  expectClose([trace.residualMax], [Math.max(...residuals)], tolerance, "largest residual");

  const expected = summedGradient(
    net,
    batch.map((x) => energyGradient(net, x)),
  );
  expectGradient(trace.pc, expected, problem, tolerance);
  const direct = await engine.gradients(0, minibatchOf(problem), "pc");
  expectGradient(direct, expected, problem, tolerance);
};

export const expectGradient = (
  actual: LayerGradient[],
  expected: OracleGradient,
  { shape }: Problem,
  tolerance: number,
): void =>
  actual.forEach(({ weights, bias, logVariance }, index) => {
    const l = index + 1;
    expectClose(weights, expected.weights[l].flat(), tolerance, `weight gradient of layer ${l}`);
    expectTrue(
      (bias !== undefined) === shape.bias,
      `layer ${l}: a bias gradient with a bias alone`,
    );
    if (bias !== undefined) expectClose(bias, expected.bias[l], tolerance, `bias of layer ${l}`);
    if (logVariance !== undefined && expected.s[l] !== undefined) {
      expectClose(logVariance, expected.s[l], tolerance, `log-variance gradient of layer ${l}`);
    }
  });
