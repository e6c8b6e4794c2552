/**
 * The error function to a double's precision, by the series of Kummer's transform (Abramowitz and Stegun 7.1.6):
 * erf(x) = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!. All its terms have one sign, so that nothing cancels.
 */
export const erf = (x: number): number => {
  // Beyond 6, 1 - |erf| is below 2.2e-17: no double lies between.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};
