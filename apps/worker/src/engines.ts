/** The engines that this worker was built with. Which of them a run gets: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { INSTRUCTION_SETS, nativeEngine } from "@pclab/engine-native";
import { type TfjsBackend, tfjsEngine } from "@pclab/engine-tfjs";

export interface EngineSettings {
  /** What the tfjs engine computes on; TensorFlow by default. */
  tfjsBackend?: TfjsBackend;
}

export const createEngines = ({ tfjsBackend }: EngineSettings = {}): EngineRegistry => ({
  native: (variant) => nativeEngine(INSTRUCTION_SETS.find((known) => known === variant)),
  reference: () => referenceEngine,
  tfjs: () => tfjsEngine(tfjsBackend),
});

/** Under the settings that a worker has by default. */
export const ENGINES: EngineRegistry = createEngines();
