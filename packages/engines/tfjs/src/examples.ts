/** Examples as tensors: x_0 and x_L of a minibatch, checked before anything is computed of them. */
import type { ExampleSet, NetworkShape } from "@pclab/core";
import { tensor2d } from "@tensorflow/tfjs-core";
import type { Clamped } from "./inference.js";

export interface ExampleBounds {
  shape: NetworkShape;
  /** The largest minibatch. */
  batchSize: number;
}

/** @throws Error that names what does not fit */
export const clamp = (
  { shape, batchSize }: ExampleBounds,
  examples: ExampleSet,
  indices: Uint32Array,
): Clamped => {
  const samples = indices.length;
  if (samples < 1 || samples > batchSize) {
    throw new Error(`a minibatch of ${samples}; the engine was made for ${batchSize}`);
  }
  const units = shape.sizes[0] ?? 0;
  const outputs = shape.sizes.at(-1) ?? 0;
  const { inputs: raw, inputScale, inputOffset, targets: rawTargets } = examples;
  if (raw.length % units !== 0) {
    throw new Error(`inputs has ${raw.length} elements, expected a multiple of ${units}`);
  }
  const count = raw.length / units;
  if (rawTargets.length !== count * outputs) {
    throw new Error(`targets has ${rawTargets.length} elements, expected ${count * outputs}`);
  }
  const inputs = new Float32Array(samples * units);
  const targets = new Float32Array(samples * outputs);
  for (const [sample, index] of indices.entries()) {
    if (index >= count) throw new Error(`indices[${sample}] is ${index} of ${count} examples`);
    const from = index * units;
    const to = sample * units;
    for (let i = 0; i < units; i++) {
      inputs[to + i] = inputScale * (raw[from + i] ?? Number.NaN) + inputOffset;
    }
    targets.set(rawTargets.subarray(index * outputs, (index + 1) * outputs), sample * outputs);
  }
  return {
    inputs: tensor2d(inputs, [samples, units]),
    targets: tensor2d(targets, [samples, outputs]),
  };
};
