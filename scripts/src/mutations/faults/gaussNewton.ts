/** Gauss-Newton inference gone wrong in ways that still lower Q, so that a network still trains. */
import type { Fault } from "../fault.js";

const REFERENCE = "packages/core/src/engine/reference";
const TESTS = ["referenceEngine", "gaussNewton"].map((name) => `${REFERENCE}/${name}.test.ts`);

export const GAUSS_NEWTON_FAULTS: readonly Fault[] = [
  {
    name: "the errors' own part forgotten in the right-hand side",
    file: `${REFERENCE}/gaussNewton.ts`,
    find: "for (let at = 0; at < b.length; at++) b[at] += r[at];",
    replace: "for (let at = 0; at < b.length; at++) b[at] = r[at];",
    tests: TESTS,
  },
  {
    name: "Sigma forgotten in the step of the errors",
    file: `${REFERENCE}/gaussNewton.ts`,
    find: "variance[at % units] * pull[at] - e)",
    replace: "pull[at] - e)",
    tests: TESTS,
  },
  {
    name: "a whole step taken though Q rises",
    file: `${REFERENCE}/gaussNewton.ts`,
    find: "<= before[sample] * (1 + ROUNDING)));",
    replace: "<= before[sample] * 1e9));",
    tests: TESTS,
  },
  {
    name: "Sigma_L forgotten in the S that is formed",
    file: `${REFERENCE}/outputCovariance.ts`,
    find: "into[i * outputs + i] += outputVariance[i];",
    replace: "into[i * outputs + i] += 1;",
    tests: TESTS,
  },
  {
    name: "Sigma_L forgotten in the S that is applied",
    file: `${REFERENCE}/outputCovariance.ts`,
    find: "product[at] += variance[at % units] * v[at];",
    replace: "product[at] += v[at];",
    tests: TESTS,
  },
  {
    name: "Sigma_l forgotten in the S that is formed",
    file: `${REFERENCE}/outputCovariance.ts`,
    find: "left[first + k] * variance[k] * right[first + k]",
    replace: "left[first + k] * right[first + k]",
    tests: TESTS,
  },
  {
    name: "a preconditioner that is not the same in both places",
    file: `${REFERENCE}/conjugateGradients.ts`,
    find: "const next = preconditioned(residual);",
    replace: "const next = residual.slice();",
    tests: TESTS,
  },
  {
    name: "phi' forgotten in J",
    file: `${REFERENCE}/jacobian.ts`,
    find: "below[at] *= inputSlope[at];",
    replace: "below[at] *= 1;",
    tests: TESTS,
  },
];
