/** The steps of every dispatch an engine may ask for, in one uniform: a dispatch names the offset of its own. */
import { MODES } from "./kernels/kernel.js";

export interface StepOffsets {
  /** Activity step t, 0 for the errors before the first. */
  step: (t: number) => number;
  /** A layer, a replica or an example set, for whatever takes part. */
  look: (index: number) => number;
  final: number;
  updated: number;
  refresh: number;
}

export interface Steps extends StepOffsets {
  words: Uint32Array<ArrayBuffer>;
}

/** `alignment` in bytes, of offsets; `indices` and `steps` as many as will be asked for, and step 0. */
export const layOutSteps = (options: {
  alignment: number;
  indices: number;
  steps: number;
}): Steps => {
  const { alignment, indices, steps } = options;
  const stride = alignment / 4;
  const words = new Uint32Array((indices + 3 + steps + 1) * stride);
  const put = (slot: number, number: number, mode: number, index: number): void =>
    words.set([number, mode, index, 0], slot * stride);
  for (let index = 0; index < indices; index++) put(index, 0, MODES.look, index);
  put(indices, 0, MODES.final, 0);
  put(indices + 1, 0, MODES.updated, 0);
  put(indices + 2, 0, MODES.refresh, 0);
  for (let t = 0; t <= steps; t++) put(indices + 3 + t, t, MODES.step, 0);
  return {
    words,
    step: (t) => (indices + 3 + t) * alignment,
    look: (index) => index * alignment,
    final: indices * alignment,
    updated: (indices + 1) * alignment,
    refresh: (indices + 2) * alignment,
  };
};
