/** Which engines this worker can start. An explicit name that is not there is an error, never a silent fallback. */
import {
  AVAILABLE_ENGINES,
  EngineError,
  type EngineChoice,
  type EngineFactory,
  type EngineName,
  referenceEngine,
} from "@pclab/core";

const ENGINES: Partial<Record<EngineName, EngineFactory>> = { reference: referenceEngine };

/** Best first. */
export const startableEngines = (): EngineName[] =>
  AVAILABLE_ENGINES.filter((name) => ENGINES[name] !== undefined);

/** @throws EngineError engine_unsupported, when the named engine is not part of this worker */
export const engineNamed = (choice: EngineChoice): EngineFactory => {
  const name = choice === "auto" ? startableEngines()[0] : choice;
  const factory = name === undefined ? undefined : ENGINES[name];
  if (factory !== undefined) return factory;
  throw new EngineError(
    "engine_unsupported",
    `This worker has no engine '${choice}'; it has ${startableEngines().join(", ")}.`,
  );
};
