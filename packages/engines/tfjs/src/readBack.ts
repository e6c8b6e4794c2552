/** From tensors to numbers: what a minibatch leaves behind, read at its end. */
import type { LayerGradient } from "@pclab/core";
import { type Tensor1D, type Tensor2D, stack } from "@tensorflow/tfjs-core";
import type { Gradient } from "./gradients.js";
import type { UpdateNumbers } from "./report.js";
import { kept, release } from "./scope.js";
import { read } from "./state.js";

/** What an update leaves to be read at the minibatch's end. */
export interface UpdateRecord {
  /** [L, B]. */
  energies: Tensor2D;
  finite: Tensor1D;
}

/** All of a minibatch's updates in two reads, however many there were. */
export const readRecords = async (records: readonly UpdateRecord[]): Promise<UpdateNumbers[]> => {
  const stacked = kept(() => ({
    energies: stack(records.map(({ energies }) => energies)),
    finite: stack(records.map(({ finite }) => finite)),
  }));
  const [energies, finite] = await Promise.all([read(stacked.energies), read(stacked.finite)]);
  release(stacked);
  const part = (values: Float32Array, index: number): Float32Array => {
    const length = values.length / records.length;
    return values.subarray(index * length, (index + 1) * length);
  };
  return records.map((_, index) => ({
    energies: part(energies, index),
    finite: part(finite, index),
  }));
};

/** Releases them. */
export const readGradients = async (gradients: readonly Gradient[]): Promise<LayerGradient[]> => {
  const answer = await Promise.all(
    gradients.map(async ({ weights, bias, logVariance }) => ({
      weights: await read(weights),
      ...(bias === null ? {} : { bias: await read(bias) }),
      ...(logVariance === null ? {} : { logVariance: await read(logVariance) }),
    })),
  );
  release(gradients);
  return answer;
};
