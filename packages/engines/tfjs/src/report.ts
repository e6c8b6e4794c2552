/** From the numbers that were read back at a minibatch's end to what the training loop is told. */
import type { Divergence, InferenceMeasures, MinibatchReport } from "@pclab/core";

export interface MinibatchNumbers {
  /** |y - yhat|^2 and whether the largest output is the target's, per sample, [B]. */
  squares: Float32Array;
  hits: Float32Array;
  /** One for each weight update that was made. */
  updates: readonly UpdateNumbers[];
  /** Null for bp. */
  inference: InferenceMeasures | null;
}

export interface UpdateNumbers {
  /** Q_l of each sample before the update, [L x B] row-major; none for bp. */
  energies: Float32Array;
  /** For each parameter 1 where it is finite after the update, else 0. */
  finite: Float32Array;
}

export interface ReportOptions {
  /** What each element of `finite` belongs to. */
  parameters: readonly Pick<Divergence, "layer" | "quantity">[];
  condition1Delta: number;
  /** Weight updates before this minibatch. */
  done: number;
}

export const reportOf = (
  { squares, hits, updates, inference }: MinibatchNumbers,
  { parameters, condition1Delta, done }: ReportOptions,
): MinibatchReport => {
  const lossSum = squares.reduce((total, square) => total + square / 2, 0);
  const report: MinibatchReport = {
    batchSize: squares.length,
    weightUpdates: updates.length,
    lossSum,
    correct: hits.reduce((total, hit) => total + hit, 0),
    condition1Count: squares.filter((square) => Math.sqrt(square) < condition1Delta).length,
    inference,
    divergence: null,
  };
  if (!Number.isFinite(lossSum)) {
    const divergence: Divergence = { weightUpdate: done, layer: null, quantity: "loss" };
    return { ...report, weightUpdates: 0, inference: null, divergence };
  }
  // What came after the first that is not finite was computed for nothing: it is not told.
  for (const [index, { energies, finite }] of updates.entries()) {
    const at = energies.findIndex((energy) => !Number.isFinite(energy));
    if (at >= 0) {
      const layer = Math.floor(at / squares.length) + 1;
      const divergence: Divergence = { weightUpdate: done + index, layer, quantity: "energy" };
      return { ...report, weightUpdates: index, inference: null, divergence };
    }
    const parameter = parameters[finite.indexOf(0)];
    if (parameter === undefined) continue;
    const weightUpdates = index + 1;
    return {
      ...report,
      weightUpdates,
      inference: weightUpdates === updates.length ? inference : null,
      divergence: { weightUpdate: done + weightUpdates, ...parameter },
    };
  }
  return report;
};

/** Q_l of each sample, [L x B] row-major, summed over the samples, [L]. */
export const sumsPerLayer = (energies: Float32Array, layerCount: number): Float64Array => {
  const samples = energies.length / layerCount;
  return Float64Array.from({ length: layerCount }, (_, layer) =>
    energies
      .subarray(layer * samples, (layer + 1) * samples)
      .reduce((total, energy) => total + energy, 0),
  );
};

/** E_l = Q_l + 1/2 sum_i (s_i + ln 2 pi), summed over the samples. */
export const withLogVariances = (
  quadratic: Float64Array,
  logVarianceSums: Float32Array,
  { units, samples }: { units: readonly number[]; samples: number },
): Float64Array =>
  quadratic.map((energy, layer) => {
    const constant = (units[layer] ?? 0) * Math.log(2 * Math.PI);
    return energy + (samples / 2) * ((logVarianceSums[layer] ?? Number.NaN) + constant);
  });
