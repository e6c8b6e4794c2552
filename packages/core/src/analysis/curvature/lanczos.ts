/**
 * The extreme eigenvalues of a large symmetric operator that is known by its products alone, by Lanczos iteration with
 * full reorthogonalisation (Golub and Van Loan, "Matrix Computations", 4th ed., 10.1 and 10.3). The Ritz values at the
 * ends of the spectrum settle first, long before as many steps as the operator has rows.
 */
import { norm } from "../../engine/norms.js";
import { Generator } from "../../random/generator.js";
import { tridiagonalSpectrum } from "./tridiagonal.js";

export interface LanczosOptions {
  /** Rows of the operator. */
  size: number;
  /** The operator's product with v, both [size]; v must be left as it is. */
  apply: (v: Float64Array) => Promise<Float64Array>;
  /** Of the start vector. */
  seed: number;
  /** The most products. Each keeps a vector: 8 x size bytes. */
  maxSteps: number;
  /** Both residuals at most this share of the largest |Ritz value| end the iteration. */
  tolerance: number;
}

export interface RitzValue {
  value: number;
  /** |A u - value u| of its unit Ritz vector u: an eigenvalue lies within so much of `value`, if products are exact. */
  residual: number;
}

export interface ExtremeEigenvalues {
  smallest: RitzValue;
  largest: RitzValue;
  /** Products made. */
  steps: number;
  /** Whether the tolerance was met. */
  converged: boolean;
}

/** Null where a product is not finite: such an operator has no eigenvalues to speak of. */
export const extremeEigenvalues = async ({
  size,
  apply,
  seed,
  maxSteps,
  tolerance,
}: LanczosOptions): Promise<ExtremeEigenvalues | null> => {
  if (size < 1 || maxSteps < 1) throw new Error(`Lanczos: ${maxSteps} steps on ${size} rows`);
  const basis = [startVector(size, seed)];
  const alphas: number[] = [];
  const betas: number[] = [];
  for (let step = 1; ; step++) {
    const q = basis[step - 1];
    // A copy, because the operator may hand out a buffer of its own.
    const w = Float64Array.from(await apply(q));
    const alpha = dot(w, q);
    if (!Number.isFinite(alpha)) return null;
    alphas.push(alpha);
    orthogonalise(w, basis);
    const beta = norm(w);
    if (!Number.isFinite(beta)) return null;
    const { smallest, largest, scale } = extremesOf(alphas, betas, beta);
    // The basis spans all that the start vector can reach once nothing but rounding is left of w.
    const exhausted = step === size || beta <= size * Number.EPSILON * scale;
    const settled = Math.max(smallest.residual, largest.residual) <= tolerance * scale;
    const converged = exhausted || settled;
    if (converged || step === maxSteps) return { smallest, largest, steps: step, converged };
    betas.push(beta);
    basis.push(w.map((value) => value / beta));
  }
};

/** Normal, so that it has a part along every eigenvector. */
const startVector = (size: number, seed: number): Float64Array => {
  const generator = Generator.seeded(seed, "probes");
  const vector = Float64Array.from({ length: size }, () => generator.normal());
  const length = norm(vector);
  return vector.map((value) => value / length);
};

/**
 * Takes the projections on all basis vectors away. Twice is enough (Kahan and Parlett); once loses orthogonality to
 * rounding as soon as a Ritz value settles, and then eigenvalues appear in copies.
 */
const orthogonalise = (w: Float64Array, basis: readonly Float64Array[]): void => {
  for (let pass = 0; pass < 2; pass++) {
    for (const q of basis) {
      const projection = dot(w, q);
      for (let i = 0; i < w.length; i++) w[i] -= projection * q[i];
    }
  }
};

/** @param beta the norm of what the last product leaves outside the basis; a Ritz vector's residual is its part of it */
const extremesOf = (
  alphas: readonly number[],
  betas: readonly number[],
  beta: number,
): { smallest: RitzValue; largest: RitzValue; scale: number } => {
  const { eigenvalues, lastComponents } = tridiagonalSpectrum(alphas, betas);
  const ritzValue = (index: number): RitzValue => ({
    value: eigenvalues[index],
    residual: Math.abs(beta * lastComponents[index]),
  });
  const smallest = ritzValue(0);
  const largest = ritzValue(eigenvalues.length - 1);
  return { smallest, largest, scale: Math.max(Math.abs(smallest.value), Math.abs(largest.value)) };
};

const dot = (left: Float64Array, right: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += left[i] * right[i];
  return sum;
};
