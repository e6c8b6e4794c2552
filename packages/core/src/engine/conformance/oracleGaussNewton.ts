/**
 * Dual Gauss-Newton of docs/EQUATIONS.md by the oracle's means: a sample at a time, every Jacobian a matrix, the system
 * solved by elimination.
 */
import { solve } from "./linearEquilibrium.js";
import {
  type Matrix,
  type OracleNetwork,
  type Vector,
  depthOf,
  errorsOf,
  forwardPass,
  predictionJacobian,
  predictions,
  quadraticEnergyOf,
} from "./oracle.js";

/** yhat linearised along one sample's path x_0..x_L, whose x_L is the target. */
export interface Linearised {
  /** y - yhat. */
  r: Vector;
  /** sum_{l<L} J_l eps_l. */
  explained: Vector;
  S: Matrix;
  /** Sigma_l * J_l^T S^-1 b, one for each layer; empty for the input's and the output's. */
  errorsFor: (b: Vector) => Vector[];
}

export const linearise = (net: OracleNetwork, x: Vector[]): Linearised => {
  const L = depthOf(net);
  const sigma = net.s.map((values) => values.map(Math.exp));
  const jacobians = jacobiansOf(net, x);
  const hidden = hiddenLayers(net);
  const errors = x.map((_, l) => (l === 0 ? [] : errorsOf(net, l, x)));
  const r = errors[L];
  const explained = r.map((_, i) =>
    hidden.reduce((sum, l) => sum + dot(jacobians[l][i], errors[l]), 0),
  );
  const S = r.map((_, i) =>
    r.map((__, j) =>
      hidden.reduce(
        (sum, l) =>
          sum + sigma[l].reduce((s, v, k) => s + jacobians[l][i][k] * v * jacobians[l][j][k], 0),
        i === j ? sigma[L][i] : 0,
      ),
    ),
  );
  const errorsFor = (b: Vector): Vector[] => {
    const lambda = solve(S, b);
    return x.map((_, l) =>
      hidden.includes(l)
        ? sigma[l].map(
            (v, k) => v * lambda.reduce((s, value, i) => s + value * jacobians[l][i][k], 0),
          )
        : [],
    );
  };
  return { r, explained, S, errorsFor };
};

const dot = (a: Vector, b: Vector): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

const hiddenLayers = (net: OracleNetwork): number[] =>
  Array.from({ length: depthOf(net) - 1 }, (_, index) => index + 1);

/** jacobians[l] is d yhat / d x_l, [N_L][N_l]: the product of what every layer above makes of the one below it. */
const jacobiansOf = (net: OracleNetwork, x: Vector[]): Matrix[] => {
  const jacobians: Matrix[] = [];
  for (let l = depthOf(net) - 1; l >= 1; l--) {
    const above = predictionJacobian(net, l + 1, x);
    jacobians[l] =
      l === depthOf(net) - 1
        ? above
        : jacobians[l + 1].map((row) =>
            above[0].map((_, j) =>
              dot(
                row,
                above.map((v) => v[j]),
              ),
            ),
          );
  }
  return jacobians;
};

/** The activities that the hidden layers' errors lead to. */
export const rolledForward = (
  net: OracleNetwork,
  input: Vector,
  y: Vector,
  errors: Vector[],
): Vector[] => {
  const x = [input];
  for (const l of hiddenLayers(net)) {
    x[l] = predictions(net, l, x).map((mu, i) => mu + errors[l][i]);
  }
  return [...x, y];
};

const energyOfSample = (net: OracleNetwork, x: Vector[]): number =>
  net.s.reduce((sum, _, l) => (l === 0 ? sum : sum + quadraticEnergyOf(net, l, x)), 0);

export interface GaussNewtonStep {
  x: Vector[];
  /** How often t was halved; null where no t would do. */
  halvings: number | null;
}

/** One outer iteration of one sample. */
export const gaussNewtonStep = (net: OracleNetwork, x: Vector[]): GaussNewtonStep => {
  const { r, explained, errorsFor } = linearise(net, x);
  const errors = x.map((_, l) => (l === 0 ? [] : errorsOf(net, l, x)));
  const targets = errorsFor(r.map((value, i) => value + explained[i]));
  const before = energyOfSample(net, x);
  for (let halvings = 0; halvings <= 20; halvings++) {
    const t = 0.5 ** halvings;
    const moved = targets.map((values, l) =>
      values.map((target, i) => errors[l][i] + t * (target - errors[l][i])),
    );
    const next = rolledForward(net, x[0], x[x.length - 1], moved);
    if (energyOfSample(net, next) <= before * (1 + 1e-12)) return { x: next, halvings };
  }
  return { x, halvings: null };
};

/** One sample's activities after 0, 1, ..., `iterations` outer iterations. */
export const gaussNewtonPath = (
  net: OracleNetwork,
  input: Vector,
  y: Vector,
  iterations: number,
): Vector[][] => {
  const path = [[...forwardPass(net, input).slice(0, -1), y]];
  for (let k = 0; k < iterations; k++) path.push(gaussNewtonStep(net, path[k]).x);
  return path;
};
