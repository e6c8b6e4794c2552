/** Every engine that a spec can name: how fast it is here, or why it cannot start. */
import {
  type EngineChoice,
  EngineError,
  type EngineName,
  type EngineRegistry,
  engineStates,
  startEngine,
} from "@pclab/core";
import { type Finding, broken, fine, messageOf } from "./finding.js";
import {
  type MeasureOptions,
  type Measurement,
  isSlow,
  measureEngine,
  trialOf,
} from "./measureEngine.js";

export type EngineFinding =
  | { name: EngineName; id: string; measurement: Measurement }
  | { name: EngineName; problem: string };

export const examineEngines = async (
  registry: EngineRegistry,
  options: MeasureOptions,
): Promise<EngineFinding[]> => {
  const findings: EngineFinding[] = [];
  // One after the other: each is to have the machine for itself.
  for (const state of engineStates(registry)) {
    const { name } = state;
    if ("problem" in state) findings.push({ name, problem: state.problem });
    else findings.push(await examineEngine(name, state.factory, options));
  }
  return findings;
};

const examineEngine = async (
  name: EngineName,
  factory: Parameters<typeof measureEngine>[0],
  measureOptions: MeasureOptions,
): Promise<EngineFinding> => {
  // What is written in TypeScript has one thread, whatever it is given.
  const options = isSlow(factory.id) ? { ...measureOptions, threads: 1 } : measureOptions;
  try {
    return {
      name,
      id: factory.id,
      measurement: await measureEngine(factory, trialOf(factory), options),
    };
  } catch (error) {
    return { name, problem: `it starts as ${factory.id} and fails at work: ${messageOf(error)}` };
  }
};

/** What workers started here would take, by their ENGINE. */
export const examineEngineChoice = (registry: EngineRegistry, choice: EngineChoice): Finding => {
  try {
    return fine("engine", `ENGINE=${choice} takes ${startEngine(registry, choice).id}`);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return broken("engine", `ENGINE=${choice}: ${error.message}`);
  }
};
