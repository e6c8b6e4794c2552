/** What a start says of the engine that its worker will use. */
import { type EngineChoice, type EngineRegistry, engineStates, startEngine } from "@pclab/core";

/**
 * The engine's id and, below `auto`, what keeps a better one from starting. A machine without a GPU lacks nothing, and is
 * told of it by the doctor alone.
 *
 * @throws EngineError engine_unsupported when the choice cannot start here, with the reason
 */
export const engineNotice = (registry: EngineRegistry, choice: EngineChoice): string[] => {
  const { id } = startEngine(registry, choice);
  const states = engineStates(registry);
  const chosen = states.findIndex((state) => "factory" in state && state.factory.id === id);
  const better =
    choice === "auto" ? states.slice(0, chosen).filter(({ name }) => name !== "webgpu") : [];
  return [
    ...better.flatMap((state) =>
      "problem" in state ? [`the ${state.name} engine cannot start: ${state.problem}`] : [],
    ),
    `networks are trained by the engine ${id}`,
  ];
};
