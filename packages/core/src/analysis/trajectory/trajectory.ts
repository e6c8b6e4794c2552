/**
 * The way that training took through weight space, in few dimensions (Li et al. 2018, section 7): the principal
 * components of a run's checkpoints, and the checkpoints projected on them or on directions that are given.
 *
 * Checkpoints theta_0, ..., theta_n are told as differences from the last one, theta_i - theta_n, so that theta_n is the
 * origin, as it is of a landscape through the trained network. As in the authors' code, the components are those of the
 * n differences that are not 0, about their mean, while coordinates are projections of the differences themselves.
 */
import type { Values } from "../../engine/engine.js";
import { symmetricEigenpairs } from "./jacobi.js";

/** The weights of one checkpoint: element l-1 is theta_l, row-major [N_l x N_{l-1}]. */
export type CheckpointWeights = readonly Values[];

export interface PrincipalComponent {
  /** Of length 1 over all layers, an array a layer as the weights are; no row is scaled to its weight row's norm. */
  direction: Float64Array[];
  /** Share of the variance of theta_0, ..., theta_{n-1} that lies along it. */
  varianceShare: number;
}

export interface PrincipalTrajectory {
  /** Two, the larger share first; fewer where the checkpoints spread along fewer directions. */
  components: PrincipalComponent[];
  /** One row for each checkpoint, a number for each component: Euclidean distances in weight space. */
  coordinates: number[][];
}

export interface ProjectedTrajectory {
  /** One row for each checkpoint, a number for each direction, in units of the directions. */
  coordinates: number[][];
  /** Share of the sum of |theta_i - theta_n|^2 that lies in the directions' span; null where nothing moved. */
  share: number | null;
}

/** Of the total variance: a component below this is rounding, and has no direction. */
const NEGLIGIBLE_SHARE = 1e-12;

const COMPONENTS = 2;

/**
 * PCA by the n x n Gram matrix of the centred checkpoints, which are few and long; they are held in double precision
 * meanwhile. Fewer than three checkpoints have no variance. The signs are such that theta_0 has no negative coordinate.
 */
export const principalTrajectory = (
  checkpoints: readonly CheckpointWeights[],
): PrincipalTrajectory => {
  const earlier = checkpoints.slice(0, -1);
  if (earlier.length === 0) return { components: [], coordinates: checkpoints.map(() => []) };
  const mean = meanOf(earlier);
  const centred = earlier.map((weights) => difference(weights, mean));
  const gram = gramOf(centred);
  const pairs = symmetricEigenpairs(gram);
  const variance = gram.reduce((sum, row, i) => sum + row[i], 0);
  const components = pairs
    .slice(0, COMPONENTS)
    .filter(({ value }) => value > NEGLIGIBLE_SHARE * variance)
    .map(({ value, vector }) => ({
      direction: combination(centred, vector, 1 / Math.sqrt(value)),
      varianceShare: value / variance,
    }));
  const last = checkpoints[checkpoints.length - 1];
  const start = difference(checkpoints[0], last);
  for (const { direction } of components) {
    if (dot(start, direction) < 0) negate(direction);
  }
  const coordinates = checkpoints.map((weights) => {
    const moved = difference(weights, last);
    return components.map(({ direction }) => dot(moved, direction));
  });
  return { components, coordinates };
};

/**
 * The point of the directions' span that is nearest to each theta_i - theta_n, by least squares: directions as they are
 * drawn for a landscape are neither of length 1 nor quite orthogonal, and coordinates are to be the landscape's.
 *
 * @param directions one or two, linearly independent, each an array a layer
 */
export const projectedTrajectory = (
  checkpoints: readonly CheckpointWeights[],
  directions: readonly Float64Array[][],
): ProjectedTrajectory => {
  const last = checkpoints[checkpoints.length - 1];
  const gram = gramOf(directions);
  let [total, inSpan] = [0, 0];
  const coordinates = checkpoints.map((weights) => {
    const moved = difference(weights, last);
    const products = directions.map((direction) => dot(moved, direction));
    const solution = solve(gram, products);
    total += dot(moved, moved);
    // |P x|^2 = <P x, x>, and P x is the sum of solution times direction.
    inSpan += solution.reduce((sum, value, k) => sum + value * products[k], 0);
    return solution;
  });
  return { coordinates, share: total === 0 ? null : inSpan / total };
};

/** G x = b for the Gram matrix of one or two directions, by Cramer's rule. */
const solve = (gram: readonly number[][], b: readonly number[]): number[] => {
  if (gram.length === 1 && gram[0][0] > 0) return [b[0] / gram[0][0]];
  if (gram.length === 2) {
    const [[a, c], [, d]] = gram;
    const determinant = a * d - c * c;
    if (determinant > Number.EPSILON * a * d) {
      return [(b[0] * d - b[1] * c) / determinant, (b[1] * a - b[0] * c) / determinant];
    }
  }
  throw new Error(`${gram.length} directions; one or two, linearly independent, expected`);
};

const difference = (weights: CheckpointWeights, origin: CheckpointWeights): Float64Array[] =>
  weights.map((values, l) => Float64Array.from(values, (value, i) => value - origin[l][i]));

/** Of each row with each other; only one half is computed, because rows are long. */
const gramOf = (rows: readonly Float64Array[][]): number[][] => {
  const gram = rows.map(() => rows.map(() => 0));
  rows.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      gram[i][j] = dot(row, rows[j]);
      gram[j][i] = gram[i][j];
    }
  });
  return gram;
};

const meanOf = (checkpoints: readonly CheckpointWeights[]): Float64Array[] =>
  combination(checkpoints, new Float64Array(checkpoints.length).fill(1), 1 / checkpoints.length);

/** scale x sum_i coefficient_i x row_i. */
const combination = (
  rows: readonly CheckpointWeights[],
  coefficients: Float64Array,
  scale: number,
): Float64Array[] =>
  rows[0].map((first, l) => {
    const sum = new Float64Array(first.length);
    rows.forEach((row, k) => {
      const factor = scale * coefficients[k];
      for (let i = 0; i < sum.length; i++) sum[i] += factor * row[l][i];
    });
    return sum;
  });

const dot = (left: CheckpointWeights, right: CheckpointWeights): number => {
  let sum = 0;
  left.forEach((weights, l) => {
    for (let i = 0; i < weights.length; i++) sum += weights[i] * right[l][i];
  });
  return sum;
};

const negate = (direction: readonly Float64Array[]): void => {
  for (const weights of direction) {
    for (let i = 0; i < weights.length; i++) weights[i] = -weights[i];
  }
};
