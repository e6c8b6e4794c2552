/** A symmetric positive definite system by its Cholesky factor. Matrices are row-major [n x n]. */

/** F with F F^T = S, in the place of S: lower triangles alone are read and written. NaN where S is not definite. */
export const choleskyFactor = (S: Float64Array, n: number): Float64Array => {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = S[i * n + j];
      for (let k = 0; k < j; k++) sum -= S[i * n + k] * S[j * n + k];
      S[i * n + j] = i === j ? Math.sqrt(sum) : sum / S[j * n + j];
    }
  }
  return S;
};

/** b <- (F F^T)^-1 b, for the n values of `b` from `first` on. */
export const solveFactored = (F: Float64Array, b: Float64Array, first: number, n: number): void => {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[first + i] -= F[i * n + k] * b[first + k];
    b[first + i] /= F[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[first + i] -= F[k * n + i] * b[first + k];
    b[first + i] /= F[i * n + i];
  }
};
