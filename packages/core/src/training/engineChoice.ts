/**
 * Which engine a run gets. An app hands in the engines it was built with; the rules are here: `auto` takes the first that
 * can start, a name is taken at its word, and a resumed run goes on with the engine of its checkpoint where that can be.
 */
import type { EngineFactory } from "../engine/engine.js";
import { EngineError } from "../engine/engineError.js";
import {
  AUTOMATIC_ENGINES,
  AVAILABLE_ENGINES,
  ENGINES,
  type EngineChoice,
  type EngineName,
} from "../experiment/vocabulary.js";

/**
 * Starts an engine. `variant` is what follows the slash of an id (`avx2` of `native/avx2`): that build, where there are
 * several; without it, or with one that the engine does not know, the best.
 *
 * @throws EngineError engine_unsupported, with the reason and the way out, when it cannot start here
 */
export type StartEngine = (variant?: string) => EngineFactory;

/** The engines that an app was built with. */
export type EngineRegistry = Readonly<Partial<Record<EngineName, StartEngine>>>;

/** Whether an engine can start here, and if not, why. */
export type EngineState =
  | { name: EngineName; factory: EngineFactory }
  | { name: EngineName; problem: string };

/** Every engine that a spec can name, the available ones first and best first. */
export const engineStates = (registry: EngineRegistry): EngineState[] =>
  ENGINES.filter((name) => name !== "auto")
    .sort((a, b) => placeOf(a) - placeOf(b))
    .map((name) => stateOf(registry, name));

/** The names of the engines that can start, best first. */
export const startableEngines = (registry: EngineRegistry): EngineName[] =>
  engineStates(registry).flatMap((state) => ("factory" in state ? [state.name] : []));

/** @throws EngineError engine_unsupported when the choice cannot start here, with the reason; there is no fallback */
export const startEngine = (registry: EngineRegistry, choice: EngineChoice): EngineFactory => {
  const problems: string[] = [];
  for (const name of choice === "auto" ? AUTOMATIC_ENGINES : [choice]) {
    const state = stateOf(registry, name);
    if ("factory" in state) return state.factory;
    problems.push(state.problem);
  }
  const startable = startableEngines(registry).join(", ") || "none";
  throw new EngineError(
    "engine_unsupported",
    `Engine '${choice}' cannot start here: ${problems.join("; ")}. Engines that can: ${startable}.`,
  );
};

/**
 * For a run that goes on from a checkpoint of engine `id`: the engine of that very id where it can start, as equal ids
 * give equal bytes, whatever `auto` would take today; else what `choice` says.
 *
 * @throws EngineError as startEngine does
 */
export const resumeEngine = (
  registry: EngineRegistry,
  choice: EngineChoice,
  id: string,
): EngineFactory => engineWithId(registry, id) ?? startEngine(registry, choice);

const engineWithId = (registry: EngineRegistry, id: string): EngineFactory | null => {
  const [prefix, variant] = id.split("/");
  const name = AVAILABLE_ENGINES.find((known) => known === prefix);
  const state = name === undefined ? null : stateOf(registry, name, variant);
  return state !== null && "factory" in state && state.factory.id === id ? state.factory : null;
};

const stateOf = (registry: EngineRegistry, name: EngineName, variant?: string): EngineState => {
  const start = registry[name];
  if (start === undefined) return { name, problem: `${name} is not part of this version` };
  try {
    return { name, factory: start(variant) };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { name, problem: error.message };
  }
};

const placeOf = (name: EngineName): number => {
  const place = AVAILABLE_ENGINES.indexOf(name);
  return place < 0 ? AVAILABLE_ENGINES.length : place;
};
