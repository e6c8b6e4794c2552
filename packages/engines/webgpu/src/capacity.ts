/** What fits on an adapter, told before anything is trained. */
import { EngineError, type EngineOptions, type NetworkShape } from "@pclab/core";
import { sizesOf } from "./engineBuffers.js";
import { MOST_LAYERS } from "./kernels/kernel.js";
import { type Layout, bytesPerReplica, layoutOf } from "./layout.js";

export interface Capacity {
  /** The most that one binding of a buffer takes. */
  maxBindingBytes: number;
  /** Of the GPU; null where nothing tells it. */
  memoryBytes: number | null;
}

/** Left to data sets, the driver and other programs. */
const MEMORY_SHARE = 0.85;

/** Half a second at 0.5 TFLOP/s: no single dispatch may keep a desktop's GPU for longer. */
const DISPATCH_FLOP = 2.5e11;

/**
 * How many replicas of a shape one engine holds, with Adam's moments; 0 where not even one fits. Bounded by the largest
 * buffer, by the memory where it is known, and by the work of one dispatch.
 */
export const maximumReplicas = (
  { maxBindingBytes, memoryBytes }: Capacity,
  shape: NetworkShape,
  batchSize: number,
): number => {
  const layout = layoutOf({ shape, batchSize, optimisers: ["adam"] });
  const bytes = bytesPerReplica(layout);
  const perBinding = Math.floor(maxBindingBytes / Math.max(...bytes));
  const total = bytes.reduce((sum, size) => sum + size, 0);
  const inMemory = Math.floor(((memoryBytes ?? maxBindingBytes) * MEMORY_SHARE) / total);
  const weights = layout.layers.reduce((sum, { units, inputs }) => sum + units * inputs, 0);
  const perDispatch = Math.max(1, Math.floor(DISPATCH_FLOP / (2 * batchSize * weights)));
  return Math.min(perBinding, inMemory, perDispatch);
};

/** @throws EngineError engine_unsupported or engine_out_of_memory, for what this engine or this adapter cannot hold */
export const requireFit = (
  layout: Layout,
  { replicas }: EngineOptions,
  options: { capacity: Capacity; updatesPerMinibatch: number; maxGroups: number },
): void => {
  const { capacity, updatesPerMinibatch, maxGroups } = options;
  for (const { algorithm, inference } of replicas) {
    if (algorithm !== "bp" && inference.method !== "gradient") {
      throw new EngineError(
        "engine_unsupported",
        `The webgpu engine has no inference.method '${inference.method}'; it has gradient. Use engine: native, or inference.method: gradient.`,
      );
    }
  }
  if (layout.layers.length > MOST_LAYERS) {
    throw new EngineError(
      "engine_unsupported",
      `The webgpu engine takes ${MOST_LAYERS} weight layers, not ${layout.layers.length}.`,
    );
  }
  for (const [what, count] of [
    ["replicas", replicas.length],
    ["samples a minibatch", layout.batch],
  ] as const) {
    if (count <= maxGroups) continue;
    throw new EngineError(
      "engine_unsupported",
      `The webgpu engine takes ${maxGroups} ${what} at most, not ${count}.`,
    );
  }
  const sizes = sizesOf(layout, { replicas: replicas.length, updatesPerMinibatch });
  for (const [name, bytes] of Object.entries(sizes)) {
    if (bytes <= capacity.maxBindingBytes) continue;
    throw new EngineError(
      "engine_out_of_memory",
      `The network's ${name} take ${bytes} bytes for ${replicas.length} replica(s); this GPU binds ${capacity.maxBindingBytes} at a time: lower width, depth or batch_size, or pack fewer runs.`,
    );
  }
};
