/** Tensors are freed by hand: everything here says which ones outlive a computation. */
import { type TensorContainer, dispose, tidy } from "@tensorflow/tfjs-core";

/** Runs `compute` and frees every tensor it made but those in its answer. Not for asynchronous work. */
export const kept = <T>(compute: () => T): T => tidy(() => compute() as T & TensorContainer);

/** Frees every tensor in an object, a list, or a tensor itself. */
export const release = (...tensors: readonly unknown[]): void =>
  dispose(tensors as TensorContainer);
