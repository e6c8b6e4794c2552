/** The engines that the commands of this folder can start. Which of them `auto` is: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { nativeEngine } from "@pclab/engine-native";
import { type TfjsBackend, tfjsEngine } from "@pclab/engine-tfjs";

export interface EngineSettings {
  /** What the tfjs engine computes on; TensorFlow by default. */
  tfjsBackend?: TfjsBackend;
}

export const createEngines = ({ tfjsBackend }: EngineSettings = {}): EngineRegistry => ({
  native: () => nativeEngine(),
  reference: () => referenceEngine,
  tfjs: () => tfjsEngine(tfjsBackend),
});

export const ENGINES: EngineRegistry = createEngines();
