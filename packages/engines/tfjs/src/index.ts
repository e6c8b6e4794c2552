/** The tfjs engine: the engine interface on the tfjs tensor API, float32, on libtensorflow or in plain JavaScript. */
import { EngineError, type EngineFactory, type EngineOptions } from "@pclab/core";
import { type TfjsBackend, findTensorFlow, startBackend } from "./backend.js";

export { type Found, TFJS_BACKENDS, type TfjsBackend, findTensorFlow } from "./backend.js";

/**
 * The engine on one backend; its id is `tfjs/<backend>`. Nothing stands in for TensorFlow where it is not installed: in
 * plain JavaScript a network trains hundreds of times slower, so that somebody has to ask for it.
 *
 * @throws EngineError engine_unsupported, when it cannot start here
 */
export const tfjsEngine = (backend: TfjsBackend = "tensorflow"): EngineFactory => {
  if (backend === "tensorflow") {
    const found = findTensorFlow();
    if ("problem" in found) throw new EngineError("engine_unsupported", found.problem);
  }
  const id = `tfjs/${backend}`;
  return {
    id,
    inferenceMethods: ["gradient"],
    // A second opinion, for who asks for it.
    onlyByName: true,
    create: async (options) => {
      refuseOtherMethods(options);
      await startBackend(backend);
      // Loaded with the first engine: tfjs is large, and most processes train with another.
      const { TfjsEngine } = await import("./tfjsEngine.js");
      return new TfjsEngine(id, options);
    },
  };
};

const refuseOtherMethods = ({ replicas }: EngineOptions): void => {
  for (const { algorithm, inference } of replicas) {
    if (algorithm === "bp" || inference.method === "gradient") continue;
    throw new EngineError(
      "engine_unsupported",
      `The tfjs engine has no inference.method '${inference.method}'; it has gradient. Use that, or engine native or reference.`,
    );
  }
};
