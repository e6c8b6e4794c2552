/**
 * Random directions in weight space for cuts through the loss landscape (Li et al. 2018, "filter normalisation"): each
 * unit's incoming weights move by as much as they are long, so that networks of different scale can be compared.
 */
import type { Values } from "../engine/engine.js";
import { norm } from "../engine/norms.js";
import { Generator } from "../random/generator.js";

export interface WeightMatrix {
  /** Row-major [units x inputs]; one row is a filter. */
  weights: Values;
  units: number;
}

/** One normal direction for each matrix, every row scaled to the norm of its weight row; a row of zeros stays one. */
export const filterNormalisedDirection = (
  matrices: readonly WeightMatrix[],
  seed: number,
): Float64Array[] => {
  const generator = Generator.seeded(seed, "probes");
  return matrices.map(({ weights, units }) => {
    const inputs = weights.length / units;
    const direction = Float64Array.from({ length: weights.length }, () => generator.normal());
    for (let unit = 0; unit < units; unit++) {
      const row = direction.subarray(unit * inputs, (unit + 1) * inputs);
      const scale = norm(weights.subarray(unit * inputs, (unit + 1) * inputs)) / norm(row);
      for (let i = 0; i < inputs; i++) row[i] *= scale;
    }
    return direction;
  });
};
