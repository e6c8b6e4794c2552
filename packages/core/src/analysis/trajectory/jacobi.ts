/**
 * Eigenvalues and eigenvectors of a small dense symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, "Matrix
 * Computations", 4th ed., 8.5).
 */

export interface SymmetricEigenpair {
  value: number;
  /** Of length 1; its sign is arbitrary. */
  vector: Float64Array;
}

/** Convergence is quadratic: matrices of a few hundred rows take six to ten sweeps. */
const MAX_SWEEPS = 60;

/** @returns the largest eigenvalue first */
export const symmetricEigenpairs = (
  matrix: readonly (readonly number[])[],
): SymmetricEigenpair[] => {
  const rows = matrix.map((row) => Float64Array.from(row));
  const vectors = rows.map((_, i) => Float64Array.from(rows, (__, j) => (i === j ? 1 : 0)));
  const largest = matrix.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const negligible = Number.EPSILON * largest;
  for (let sweep = 0; rotateAll(rows, vectors, negligible); sweep++) {
    if (sweep === MAX_SWEEPS) throw new Error(`Jacobi did not settle in ${MAX_SWEEPS} sweeps`);
  }
  return vectors
    .map((vector, i) => ({ value: rows[i][i], vector }))
    .sort((left, right) => right.value - left.value);
};

/** A rotation for each pair of rows that needs one. False: none did. */
const rotateAll = (rows: Float64Array[], vectors: Float64Array[], negligible: number): boolean => {
  let rotated = false;
  for (let p = 0; p < rows.length; p++) {
    for (let q = p + 1; q < rows.length; q++) {
      if (Math.abs(rows[p][q]) <= negligible) continue;
      const { cosine, sine } = rotationOf(rows, p, q);
      for (const row of rows) {
        const [left, right] = [row[p], row[q]];
        row[p] = cosine * left - sine * right;
        row[q] = sine * left + cosine * right;
      }
      combine(rows[p], rows[q], cosine, sine);
      rows[p][q] = 0;
      rows[q][p] = 0;
      // Row p of `vectors` becomes the eigenvector of rows[p][p].
      combine(vectors[p], vectors[q], cosine, sine);
      rotated = true;
    }
  }
  return rotated;
};

/** Of the two angles that make rows[p][q] 0 the smaller, which leaves the rest nearest to what it was. */
const rotationOf = (
  rows: readonly Float64Array[],
  p: number,
  q: number,
): { cosine: number; sine: number } => {
  const ratio = (rows[q][q] - rows[p][p]) / (2 * rows[p][q]);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.hypot(ratio, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  return { cosine, sine: tangent * cosine };
};

const combine = (first: Float64Array, second: Float64Array, cosine: number, sine: number): void => {
  for (let k = 0; k < first.length; k++) {
    const [left, right] = [first[k], second[k]];
    first[k] = cosine * left - sine * right;
    second[k] = sine * left + cosine * right;
  }
};
