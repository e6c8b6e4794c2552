/**
 * S lambda = b by a Cholesky factor of each sample's S (docs/EQUATIONS.md, Gauss-Newton). Its cost grows with the outputs:
 * a backward sweep for each row of the J_l.
 */
import { choleskyFactor, solveFactored } from "./cholesky.js";
import { addOutputCovariance, jacobianRows } from "./outputCovariance.js";
import type { Layer } from "./layer.js";

/** lambda [B x N_L] of the right-hand sides b [B x N_L]; NaN for a sample whose S has no Cholesky factor. */
export const solveDense = (layers: Layer[], b: Float64Array, samples: number): Float64Array => {
  const outputs = layers[layers.length - 1].units;
  const rows = jacobianRows(layers, samples);
  const lambda = b.slice(0, samples * outputs);
  const S = new Float64Array(outputs * outputs);
  for (let sample = 0; sample < samples; sample++) {
    addOutputCovariance(S.fill(0), layers, rows, sample);
    solveFactored(choleskyFactor(S, outputs), lambda, sample * outputs, outputs);
  }
  return lambda;
};
