/** The engines that this worker was built with. Which of them a run gets: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { INSTRUCTION_SETS, nativeEngine } from "@pclab/engine-native";

export const ENGINES: EngineRegistry = {
  native: (variant) => nativeEngine(INSTRUCTION_SETS.find((known) => known === variant)),
  reference: () => referenceEngine,
};
