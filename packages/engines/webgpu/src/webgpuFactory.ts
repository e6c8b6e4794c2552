/** The engine as an app starts it. */
import { type EngineFactory, EngineError } from "@pclab/core";
import { type Capacity, maximumReplicas } from "./capacity.js";
import { requireAdapter } from "./device/adapter.js";
import { sharedDevice } from "./device/sharedDevice.js";
import { createSession } from "./session.js";
import { WebgpuEngine } from "./webgpuEngine.js";

/**
 * The engine on the process's adapter, which `probeWebgpu` has looked for before; its id is `webgpu/<adapter's name>`.
 *
 * @param variant the name of an adapter: no other will do
 * @throws EngineError engine_unsupported, with the reason and what to install, when it cannot start here
 */
export const webgpuEngine = (variant?: string): EngineFactory => {
  const { adapter, idPart, isSoftware, memoryBytes } = requireAdapter();
  if (variant !== undefined && variant !== idPart) {
    throw new EngineError(
      "engine_unsupported",
      `This machine's GPU is '${idPart}', not '${variant}'.`,
    );
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const capacity: Capacity = {
    maxBindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    memoryBytes,
  };
  const id = `webgpu/${idPart}`;
  return {
    id,
    inferenceMethods: ["gradient"],
    onlyByName: isSoftware,
    packing: {
      maximumReplicas: (shape, batchSize) => maximumReplicas(capacity, shape, batchSize),
    },
    create: async (options) => {
      const session = await createSession(await sharedDevice(), options, capacity);
      return new WebgpuEngine(id, session, options.replicas);
    },
  };
};
