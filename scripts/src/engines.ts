/** The engines that the commands of this folder can start. Which of them `auto` is: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { nativeEngine } from "@pclab/engine-native";
import { probeWebgpu, webgpuEngine } from "@pclab/engine-webgpu";

export const ENGINES: EngineRegistry = {
  webgpu: () => webgpuEngine(),
  native: () => nativeEngine(),
  reference: () => referenceEngine,
};

/** To be awaited before an engine is started: whether there is a GPU takes a while to find out. */
export const prepareEngines = (settings: { allowSoftwareGpu: boolean }): Promise<void> =>
  probeWebgpu({ allowSoftware: settings.allowSoftwareGpu });
