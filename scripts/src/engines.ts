/** The engines that the commands of this folder can start. Which of them `auto` is: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { nativeEngine } from "@pclab/engine-native";

export const ENGINES: EngineRegistry = {
  native: () => nativeEngine(),
  reference: () => referenceEngine,
};
