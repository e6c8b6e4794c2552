/**
 * Which engine a run gets. An app hands in the engines it was built with; the rules are here: `auto` takes the first that
 * can start, a name is taken at its word, and a resumed run goes on with the engine of its checkpoint where that can be.
 */
import type { EngineFactory } from "../engine/engine.js";
import { EngineError } from "../engine/engineError.js";
import {
  AVAILABLE_ENGINES,
  type EngineChoice,
  type EngineName,
  type InferenceMethod,
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

/** Every engine that a spec can name, best first. */
export const engineStates = (registry: EngineRegistry): EngineState[] =>
  AVAILABLE_ENGINES.map((name) => stateOf(registry, name));

/** The names of the engines that can start, best first. */
export const startableEngines = (registry: EngineRegistry): EngineName[] =>
  engineStates(registry).flatMap((state) => ("factory" in state ? [state.name] : []));

/**
 * @param method what the run infers by: `auto` passes over engines without it, and so finds one for every run
 * @throws EngineError engine_unsupported when the choice cannot start here, with the reason; there is no fallback
 */
export const startEngine = (
  registry: EngineRegistry,
  choice: EngineChoice,
  method?: InferenceMethod,
): EngineFactory => {
  const problems: string[] = [];
  for (const name of choice === "auto" ? AVAILABLE_ENGINES : [choice]) {
    const state = stateOf(registry, name);
    if ("problem" in state) {
      problems.push(state.problem);
      continue;
    }
    const objection = choice === "auto" ? objectionTo(state.factory, method) : null;
    if (objection === null) return state.factory;
    problems.push(objection);
  }
  const startable = startableEngines(registry).join(", ") || "none";
  throw new EngineError(
    "engine_unsupported",
    `Engine '${choice}' cannot start here: ${problems.join("; ")}. Engines that can: ${startable}.`,
  );
};

/** Why `auto` does not take an engine that starts; null when it does. */
const objectionTo = (
  { id, onlyByName = false, inferenceMethods }: EngineFactory,
  method: InferenceMethod | undefined,
): string | null => {
  if (onlyByName) return `${id} is taken by its name alone`;
  if (method === undefined || inferenceMethods === undefined) return null;
  return inferenceMethods.includes(method) ? null : `${id} has no inference method '${method}'`;
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
  method?: InferenceMethod,
): EngineFactory => engineWithId(registry, id) ?? startEngine(registry, choice, method);

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
