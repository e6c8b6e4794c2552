/** The oracle is itself checked by central differences of E and of the loss, so that engines are held to the energy alone. */
import { describe, expect, test } from "vitest";
import { ACTIVATIONS, NODE_CONVENTIONS } from "../../experiment/vocabulary.js";
import { createProblem } from "./problems.js";
import {
  type OracleNetwork,
  type Vector,
  activityGradient,
  depthOf,
  energyGradient,
  energyOf,
  forwardPass,
  lossGradient,
  predictionJacobian,
  predictions,
} from "./oracle.js";

const STEP = 1e-5;
const TOLERANCE = 1e-6;

const totalEnergy = (net: OracleNetwork, x: Vector[]): number => {
  let sum = 0;
  for (let l = 1; l <= depthOf(net); l++) sum += energyOf(net, l, x);
  return sum;
};

/** d(quantity)/d(values[i]), by moving the value itself there and back. */
const numeric = (values: Vector, i: number, quantity: () => number): number => {
  const original = values[i];
  values[i] = original + STEP;
  const above = quantity();
  values[i] = original - STEP;
  const below = quantity();
  values[i] = original;
  return (above - below) / (2 * STEP);
};

const cases = NODE_CONVENTIONS.flatMap((node) => ACTIVATIONS.map((name) => [node, name] as const));

describe.each(cases)("%s with %s", (node, activation) => {
  const problem = createProblem({ node, activation, outputActivation: "sigmoid", bias: true });
  const net = problem.network;
  const L = depthOf(net);
  const y = problem.targets[0];
  // Activities away from the forward pass, so that every layer has an error.
  const x = forwardPass(net, problem.inputs[0]).map((values, l) =>
    l === 0 ? values : l === L ? y : values.map((v, i) => v + 0.1 * Math.sin(3 * i + l)),
  );

  test("dE/dx, dE/dtheta, dE/db and dE/ds are the central differences of E, to 1e-6", () => {
    const gradient = energyGradient(net, x);
    const energy = () => totalEnergy(net, x);
    for (let l = 1; l <= L; l++) {
      for (let i = 0; i < net.s[l].length; i++) {
        if (l < L) {
          expectClose(activityGradient(net, l, x)[i], numeric(x[l], i, energy));
        }
        expectClose(gradient.bias[l][i], numeric(net.bias[l], i, energy));
        expectClose(gradient.s[l][i], numeric(net.s[l], i, energy));
        for (let j = 0; j < net.weights[l][i].length; j++) {
          expectClose(gradient.weights[l][i][j], numeric(net.weights[l][i], j, energy));
        }
      }
    }
  });

  test("d mu_l / d x_{l-1} is the central difference of the prediction, to 1e-6", () => {
    for (let l = 2; l <= L; l++) {
      predictionJacobian(net, l, x).forEach((row, i) => {
        row.forEach((slope, j) => {
          expectClose(
            slope,
            numeric(x[l - 1], j, () => predictions(net, l, x)[i]),
          );
        });
      });
    }
  });

  test("the gradient of the loss is its central difference, to 1e-6", () => {
    const gradient = lossGradient(net, problem.inputs[0], y);
    const loss = () => {
      const yhat = forwardPass(net, problem.inputs[0])[L];
      return yhat.reduce((sum, v, i) => sum + (v - y[i]) ** 2, 0) / 2;
    };
    for (let l = 1; l <= L; l++) {
      for (let i = 0; i < net.bias[l].length; i++) {
        expectClose(gradient.bias[l][i], numeric(net.bias[l], i, loss));
        for (let j = 0; j < net.weights[l][i].length; j++) {
          expectClose(gradient.weights[l][i][j], numeric(net.weights[l][i], j, loss));
        }
      }
    }
  });
});

const expectClose = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected)).toBeLessThan(TOLERANCE);
