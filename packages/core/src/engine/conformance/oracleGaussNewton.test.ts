/** The oracle's Gauss-Newton against finite differences, and why its right-hand side holds a sum. */
import { describe, expect, test } from "vitest";
import { NODE_CONVENTIONS } from "../../experiment/vocabulary.js";
import { linearEquilibrium } from "./linearEquilibrium.js";
import { type Vector, errorsOf } from "./oracle.js";
import { type Linearised, gaussNewtonPath, linearise, rolledForward } from "./oracleGaussNewton.js";
import { quadraticEnergyPerLayer, residualOf } from "./oracleTraining.js";
import { createProblem } from "./problems.js";

describe.each(NODE_CONVENTIONS)("%s, tanh", (node) => {
  const problem = createProblem({ node, bias: true, samples: 1 });
  const { network: net, inputs, targets } = problem;
  const [input, y] = [inputs[0], targets[0]];
  const path = gaussNewtonPath(net, input, y, 60);
  const equilibrium = path[60];
  const energy = (x: Vector[]): number =>
    quadraticEnergyPerLayer(net, [x]).reduce((sum, value) => sum + value, 0);

  test("along a forward pass the errors asked for are those of central differences, to 1e-6", () => {
    const { r, errorsFor } = linearise(net, path[0]);
    const closed = linearEquilibrium(net, input, y);
    errorsFor(r).forEach((values, l) => {
      values.forEach((eps, i) => expect(Math.abs(eps - closed.errors[l][i])).toBeLessThan(1e-6));
    });
  });

  test("where it ends dE/dx is 0, and the sum makes that a fixed point: both to 1e-6", () => {
    expect(residualOf(net, equilibrium)).toBeLessThan(1e-6);
    const { r, explained, errorsFor } = linearise(net, equilibrium);
    const asked = errorsFor(r.map((value, i) => value + explained[i]));
    const withoutTheSum = errorsFor(r);
    for (let l = 1; l < equilibrium.length - 1; l++) {
      const errors = errorsOf(net, l, equilibrium);
      errors.forEach((eps, i) => expect(Math.abs(asked[l][i] - eps)).toBeLessThan(1e-6));
      const gap = Math.max(...errors.map((eps, i) => Math.abs(withoutTheSum[l][i] - eps)));
      expect(gap).toBeGreaterThan(0.01);
    }
  });

  /** The errors that follow those of `x`, with the whole step and no look at Q. */
  type Rule = (at: Linearised, errors: Vector[]) => Vector[];
  const excessAfter = (iterations: number, next: Rule): number => {
    let x = path[0];
    for (let k = 0; k < iterations; k++) {
      const errors = x.map((_, l) => (l === 0 ? [] : errorsOf(net, l, x)));
      x = rolledForward(net, input, y, next(linearise(net, x), errors));
    }
    return energy(x) / energy(equilibrium) - 1;
  };

  test.each<[string, Rule]>([
    ["dropping the sum", ({ r, errorsFor }) => errorsFor(r)],
    [
      "adding S^-1 r to what is there",
      ({ r, errorsFor }, errors) =>
        errorsFor(r).map((values, l) => values.map((eps, i) => errors[l][i] + eps)),
    ],
  ])("%s stays away from the equilibrium, however long", (_, rule) => {
    expect(excessAfter(60, rule)).toBeGreaterThan(0.05);
  });
});
