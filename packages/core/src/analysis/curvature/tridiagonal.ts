/**
 * The spectrum of a small symmetric tridiagonal matrix by implicit QL with Wilkinson's shift (Golub and Van Loan, "Matrix
 * Computations", 4th ed., 8.3; EISPACK's tql2 in the form that keeps one row of the eigenvectors, as Golub and Welsch do).
 */

export interface TridiagonalSpectrum {
  /** Ascending. */
  eigenvalues: Float64Array;
  /** The last component of each eigenvalue's unit eigenvector; its sign is arbitrary. */
  lastComponents: Float64Array;
}

/** QL needs one or two rounds an eigenvalue; EISPACK gives up at 30. */
const MAX_ROUNDS = 60;

/**
 * In O(k^2).
 *
 * @param diagonal [k]
 * @param offDiagonal [k - 1]: element i couples rows i and i + 1
 */
export const tridiagonalSpectrum = (
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): TridiagonalSpectrum => {
  const size = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = Float64Array.from({ length: size }, (_, i) => offDiagonal[i] ?? 0);
  const last = new Float64Array(size);
  last[size - 1] = 1;
  for (let first = 0; first < size; first++) {
    for (let round = 0; ; round++) {
      const end = blockEnd(d, e, first);
      if (end === first) break;
      if (round === MAX_ROUNDS) throw new Error(`QL did not settle in ${MAX_ROUNDS} rounds`);
      sweep({ d, e, last }, first, end);
    }
  }
  const order = Array.from(d, (_, i) => i).sort((left, right) => d[left] - d[right]);
  return {
    eigenvalues: Float64Array.from(order, (i) => d[i]),
    lastComponents: Float64Array.from(order, (i) => last[i]),
  };
};

/** The last row of the block that `first` is coupled to: behind it the off-diagonal is 0 to rounding. */
const blockEnd = (d: Float64Array, e: Float64Array, first: number): number => {
  let end = first;
  while (end < d.length - 1) {
    const neighbours = Math.abs(d[end]) + Math.abs(d[end + 1]);
    if (Math.abs(e[end]) <= Number.EPSILON * neighbours) break;
    end += 1;
  }
  return end;
};

interface Rotated {
  d: Float64Array;
  e: Float64Array;
  last: Float64Array;
}

/** One implicit QL step on rows first..end: a plane rotation for each pair of rows, from the bottom up. */
const sweep = ({ d, e, last }: Rotated, first: number, end: number): void => {
  const half = (d[first + 1] - d[first]) / (2 * e[first]);
  const root = Math.hypot(half, 1);
  // Of the leading 2 x 2 block's eigenvalues the one next to d[first] is the shift.
  let g = d[end] - d[first] + e[first] / (half + (half >= 0 ? root : -root));
  let [sine, cosine, carried] = [1, 1, 0];
  for (let i = end - 1; i >= first; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const length = Math.hypot(f, g);
    e[i + 1] = length;
    if (length === 0) {
      // The matrix has come apart here; the next round works on the part that is left.
      d[i + 1] -= carried;
      e[end] = 0;
      return;
    }
    sine = f / length;
    cosine = g / length;
    const rest = d[i + 1] - carried;
    const mixed = (d[i] - rest) * sine + 2 * cosine * b;
    carried = sine * mixed;
    d[i + 1] = rest + carried;
    g = cosine * mixed - b;
    const component = last[i + 1];
    last[i + 1] = sine * last[i] + cosine * component;
    last[i] = cosine * last[i] - sine * component;
  }
  d[first] -= carried;
  e[first] = g;
  e[end] = 0;
};
