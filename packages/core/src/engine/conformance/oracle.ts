/**
 * The equations of docs/EQUATIONS.md once more, as plainly as they can be written: one sample at a time, arrays of
 * arrays, the two node conventions apart, nothing shared with any engine. What engines are compared with.
 *
 * Layers are numbered 1..L here too: element 0 of the lists below is the input's, or unused.
 */
import type { ActivationName, NodeConvention, OptimiserName } from "../../experiment/vocabulary.js";
import { erf } from "../erf.js";

export type Vector = number[];
export type Matrix = number[][];

export interface OracleNetwork {
  activation: ActivationName;
  outputActivation: ActivationName;
  node: NodeConvention;
  /** weights[l] is theta_l, [N_l][N_{l-1}]; bias[l] is zero where there is none; s[l] is ln Sigma_l. */
  weights: Matrix[];
  bias: Vector[];
  s: Vector[];
}

export const value = (name: ActivationName, a: number): number => {
  switch (name) {
    case "tanh":
      return Math.tanh(a);
    case "relu":
      return Math.max(0, a);
    case "leaky_relu":
      return a > 0 ? a : 0.01 * a;
    case "gelu":
      return (a / 2) * (1 + erf(a / Math.sqrt(2)));
    case "sigmoid":
      return 1 / (1 + Math.exp(-a));
    case "identity":
      return a;
  }
};

export const derivative = (name: ActivationName, a: number): number => {
  switch (name) {
    case "tanh":
      return 1 / Math.cosh(a) ** 2;
    case "relu":
      return a > 0 ? 1 : 0;
    case "leaky_relu":
      return a > 0 ? 1 : 0.01;
    case "gelu":
      return (
        (1 + erf(a / Math.sqrt(2))) / 2 + (a * Math.exp(-(a ** 2) / 2)) / Math.sqrt(2 * Math.PI)
      );
    case "sigmoid":
      return Math.exp(-a) / (1 + Math.exp(-a)) ** 2;
    case "identity":
      return 1;
  }
};

const affine = (theta: Matrix, b: Vector, v: Vector): Vector =>
  theta.map((row, i) => row.reduce((sum, weight, j) => sum + weight * v[j], b[i]));

/** theta^T h. */
const transposed = (theta: Matrix, h: Vector): Vector =>
  theta[0].map((_, j) => theta.reduce((sum, row, i) => sum + row[j] * h[i], 0));

export const depthOf = (net: OracleNetwork): number => net.weights.length - 1;

/** The function after the sum of layer l. */
const outer = (net: OracleNetwork, l: number): ActivationName => {
  if (l === depthOf(net)) return net.outputActivation;
  return net.node === "mba" ? net.activation : "identity";
};

/** The values that theta_l multiplies. */
const inner = (net: OracleNetwork, l: number, x: Vector[]): Vector =>
  net.node === "amb" && l > 1 ? x[l - 1].map((v) => value(net.activation, v)) : x[l - 1];

const sums = (net: OracleNetwork, l: number, x: Vector[]): Vector =>
  affine(net.weights[l], net.bias[l], inner(net, l, x));

export const predictions = (net: OracleNetwork, l: number, x: Vector[]): Vector =>
  sums(net, l, x).map((a) => value(outer(net, l), a));

/** d mu_l / d x_{l-1}, [N_l][N_{l-1}]. */
export const predictionJacobian = (net: OracleNetwork, l: number, x: Vector[]): Matrix => {
  const a = sums(net, l, x);
  return net.weights[l].map((row, i) =>
    row.map((weight, j) => {
      const phiSlope = net.node === "amb" && l > 1 ? derivative(net.activation, x[l - 1][j]) : 1;
      return derivative(outer(net, l), a[i]) * weight * phiSlope;
    }),
  );
};

/** x[0] is the input; the answer's x[L] is yhat. */
export const forwardPass = (net: OracleNetwork, input: Vector): Vector[] => {
  const x = [input];
  for (let l = 1; l <= depthOf(net); l++) x[l] = predictions(net, l, x);
  return x;
};

export const errorsOf = (net: OracleNetwork, l: number, x: Vector[]): Vector => {
  const mu = predictions(net, l, x);
  return x[l].map((v, i) => v - mu[i]);
};

export const quadraticEnergyOf = (net: OracleNetwork, l: number, x: Vector[]): number =>
  errorsOf(net, l, x).reduce((sum, eps, i) => sum + (eps * eps) / Math.exp(net.s[l][i]), 0) / 2;

export const energyOf = (net: OracleNetwork, l: number, x: Vector[]): number =>
  quadraticEnergyOf(net, l, x) +
  net.s[l].reduce((sum, s) => sum + s + Math.log(2 * Math.PI), 0) / 2;

const h = (net: OracleNetwork, l: number, x: Vector[]): Vector => {
  const a = sums(net, l, x);
  return errorsOf(net, l, x).map(
    (eps, i) => derivative(outer(net, l), a[i]) * (eps / Math.exp(net.s[l][i])),
  );
};

/** dE/dx_l for 0 < l < L. */
export const activityGradient = (net: OracleNetwork, l: number, x: Vector[]): Vector => {
  const fromAbove = transposed(net.weights[l + 1], h(net, l + 1, x));
  return errorsOf(net, l, x).map((eps, i) => {
    const pull =
      net.node === "mba" ? fromAbove[i] : derivative(net.activation, x[l][i]) * fromAbove[i];
    return eps / Math.exp(net.s[l][i]) - pull;
  });
};

/** All hidden layers move at once, from the same old activities. */
export const stepOnce = (
  net: OracleNetwork,
  x: Vector[],
  { rate, precondition }: { rate: number; precondition: boolean },
): Vector[] =>
  x.map((values, l) => {
    if (l === 0 || l === depthOf(net)) return values;
    const gradient = activityGradient(net, l, x);
    return values.map((v, i) => {
      const factor = precondition ? Math.exp(net.s[l][i]) : 1;
      return v - rate * factor * gradient[i];
    });
  });

export interface OracleGradient {
  /** Element l belongs to layer l; element 0 is empty. */
  weights: Matrix[];
  bias: Vector[];
  s: Vector[];
}

const perLayer = <T>(net: OracleNetwork, of: (l: number) => T): T[] =>
  net.weights.map((_, l) => (l === 0 ? ([] as T) : of(l)));

/** dE/dtheta, dE/db, dE/ds of one sample. */
export const energyGradient = (net: OracleNetwork, x: Vector[]): OracleGradient => ({
  weights: perLayer(net, (l) => {
    const below = inner(net, l, x);
    return h(net, l, x).map((hi) => below.map((v) => -hi * v));
  }),
  bias: perLayer(net, (l) => h(net, l, x).map((hi) => -hi)),
  s: perLayer(net, (l) =>
    errorsOf(net, l, x).map((eps, i) => (1 - (eps * eps) / Math.exp(net.s[l][i])) / 2),
  ),
});

/** The gradient of 1/2 |y - yhat|^2 of one sample, by the chain rule from the output down. */
export const lossGradient = (net: OracleNetwork, input: Vector, y: Vector): OracleGradient => {
  const x = forwardPass(net, input);
  const L = depthOf(net);
  const byActivity: Vector[] = [];
  const bySum: Vector[] = [];
  for (let l = L; l >= 1; l--) {
    byActivity[l] =
      l === L
        ? x[L].map((yhat, i) => yhat - y[i])
        : transposed(net.weights[l + 1], bySum[l + 1]).map((v, i) =>
            net.node === "mba" ? v : v * derivative(net.activation, x[l][i]),
          );
    const a = sums(net, l, x);
    bySum[l] = byActivity[l].map((v, i) => v * derivative(outer(net, l), a[i]));
  }
  return {
    weights: perLayer(net, (l) => bySum[l].map((d) => inner(net, l, x).map((v) => d * v))),
    bias: perLayer(net, (l) => bySum[l]),
    s: perLayer(net, (l) => net.s[l].map(() => 0)),
  };
};

/** One parameter's optimiser state and rule, as torch.optim documents them. */
export class OracleParameter {
  readonly optimiser: OptimiserName;
  readonly rate: number;
  readonly decay: number;
  #first = 0;
  #second = 0;
  #count = 0;

  constructor(optimiser: OptimiserName, rate: number, decay: number) {
    this.optimiser = optimiser;
    this.rate = rate;
    this.decay = decay;
  }

  next(theta: number, gradient: number): number {
    this.#count += 1;
    const decayed = this.optimiser === "adamw" ? theta - this.rate * this.decay * theta : theta;
    const g = this.optimiser === "adamw" ? gradient : gradient + this.decay * theta;
    switch (this.optimiser) {
      case "sgd":
        return decayed - this.rate * g;
      case "momentum":
        this.#first = 0.9 * this.#first + g;
        return decayed - this.rate * this.#first;
      case "adam":
      case "adamw": {
        this.#first = 0.9 * this.#first + 0.1 * g;
        this.#second = 0.999 * this.#second + 0.001 * g * g;
        const m = this.#first / (1 - 0.9 ** this.#count);
        const v = this.#second / (1 - 0.999 ** this.#count);
        return decayed - (this.rate * m) / (Math.sqrt(v) + 1e-8);
      }
    }
  }
}
