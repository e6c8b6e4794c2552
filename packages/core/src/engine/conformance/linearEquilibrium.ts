/**
 * What predictive coding converges to, in closed form, for one sample: exact in a linear network, and to first order in
 * the output error elsewhere (the Jacobians are the forward pass's, by central differences; `mba` with 0 bias).
 *
 *   r = y - yhat,  J_l = d yhat / d x_l,  S = Sigma_L + sum_{l<L} J_l Sigma_l J_l^T,  lambda = S^-1 r
 *   eps_L = Sigma_L lambda,  eps_l = Sigma_l J_l^T lambda,  Q = 1/2 r^T lambda
 */
import {
  type Matrix,
  type OracleNetwork,
  type Vector,
  activityGradient,
  depthOf,
  forwardPass,
  predictions,
} from "./oracle.js";

export interface Equilibrium {
  /** S^-1 r. */
  lambda: Vector;
  energy: number;
  /** errors[l] is eps_l; element 0 is empty. */
  errors: Vector[];
  /** Of the Hessian of Q in the hidden activities, preconditioned by Sigma. */
  top: () => {
    eigenvalue: number;
    /** The top eigencomponent of x - x*, for hidden activities x_1..x_{L-1} joined together. */
    component: (hidden: Vector) => number;
  };
}

export const linearEquilibrium = (net: OracleNetwork, input: Vector, y: Vector): Equilibrium => {
  const L = depthOf(net);
  const start = forwardPass(net, input);
  const r = y.map((value, i) => value - start[L][i]);
  const sigma = net.s.map((values) => values.map(Math.exp));
  const jacobians = start.map((_, l) => (l === 0 ? [] : jacobian(net, start, l)));
  const S = y.map((_, i) =>
    y.map((__, j) => {
      let sum = i === j ? sigma[L][i] : 0;
      for (let l = 1; l < L; l++) {
        sum += sigma[l].reduce((s, v, k) => s + jacobians[l][i][k] * v * jacobians[l][j][k], 0);
      }
      return sum;
    }),
  );
  const lambda = solve(S, r);
  const errors = start.map((_, l) => {
    if (l === 0) return [];
    return sigma[l].map(
      (variance, k) => variance * lambda.reduce((sum, v, i) => sum + v * jacobians[l][i][k], 0),
    );
  });
  const energy = r.reduce((sum, value, i) => sum + value * lambda[i], 0) / 2;
  return { lambda, energy, errors, top: () => topOf(net, input, y, errors, sigma) };
};

/** d yhat / d x_l, [N_L][N_l], rolling forward from a moved x_l. */
const jacobian = (net: OracleNetwork, x: Vector[], l: number): Matrix => {
  const step = 1e-4;
  const outputAt = (i: number, delta: number): Vector => {
    const moved = x.map((values) => [...values]);
    moved[l][i] += delta;
    for (let k = l + 1; k <= depthOf(net); k++) moved[k] = predictions(net, k, moved);
    return moved[depthOf(net)];
  };
  const columns = x[l].map((_, i) => {
    const above = outputAt(i, step);
    const below = outputAt(i, -step);
    return above.map((value, k) => (value - below[k]) / (2 * step));
  });
  return x[depthOf(net)].map((_, k) => columns.map((column) => column[k]));
};

/** Gaussian elimination with partial pivoting. */
export const solve = (matrix: Matrix, right: Vector): Vector => {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let k = i + 1; k < n; k++) if (Math.abs(rows[k][i]) > Math.abs(rows[pivot][i])) pivot = k;
    [rows[i], rows[pivot]] = [rows[pivot], rows[i]];
    for (let k = i + 1; k < n; k++) {
      const factor = rows[k][i] / rows[i][i];
      for (let j = i; j <= n; j++) rows[k][j] -= factor * rows[i][j];
    }
  }
  const solution = right.map(() => 0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n];
    for (let j = i + 1; j < n; j++) sum -= rows[i][j] * solution[j];
    solution[i] = sum / rows[i][i];
  }
  return solution;
};

/**
 * dE/dx is linear in x here, so that the Hessian's columns are differences of gradients, without rounding worth naming.
 * Sigma H has the eigenvalues of the symmetric Sigma^1/2 H Sigma^1/2 = V: Jacobi's rotations give them all.
 */
const topOf = (
  net: OracleNetwork,
  input: Vector,
  y: Vector,
  errors: Vector[],
  sigma: Matrix,
): ReturnType<Equilibrium["top"]> => {
  const L = depthOf(net);
  const equilibrium = [input];
  for (let l = 1; l < L; l++) {
    equilibrium[l] = predictions(net, l, equilibrium).map((mu, i) => mu + errors[l][i]);
  }
  equilibrium[L] = y;
  const hidden = equilibrium.slice(1, L).flat();
  const roots = sigma.slice(1, L).flat().map(Math.sqrt);
  const gradientAt = (values: Vector): Vector => {
    const x = [...equilibrium];
    for (let l = 1, from = 0; l < L; from += x[l].length, l++) {
      x[l] = values.slice(from, from + x[l].length);
    }
    return x.slice(1, L).flatMap((_, index) => activityGradient(net, index + 1, x));
  };
  const base = gradientAt(hidden.map(() => 0));
  const symmetric = hidden.map((_, j) => {
    const column = gradientAt(hidden.map((__, i) => (i === j ? 1 : 0)));
    return column.map((value, i) => (value - base[i]) * roots[i] * roots[j]);
  });
  const { eigenvalue, vector } = largestEigenpair(symmetric);
  return {
    eigenvalue,
    component: (x) => x.reduce((sum, v, i) => sum + (vector[i] * (v - hidden[i])) / roots[i], 0),
  };
};

/** Cyclic Jacobi rotations of a symmetric matrix until its off-diagonal part has vanished. */
const largestEigenpair = (symmetric: Matrix): { eigenvalue: number; vector: Vector } => {
  const n = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const vectors: Matrix = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-300) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        const rotated = (one: number, other: number) => [c * one - s * other, s * one + c * other];
        for (const row of a) [row[p], row[q]] = rotated(row[p], row[q]);
        for (let k = 0; k < n; k++) [a[p][k], a[q][k]] = rotated(a[p][k], a[q][k]);
        for (const row of vectors) [row[p], row[q]] = rotated(row[p], row[q]);
      }
    }
  }
  const eigenvalues = a.map((row, i) => row[i]);
  const eigenvalue = Math.max(...eigenvalues);
  const index = eigenvalues.indexOf(eigenvalue);
  return { eigenvalue, vector: vectors.map((row) => row[index]) };
};
