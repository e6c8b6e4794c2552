/** The engines that this worker was built with. Which of them a run gets: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { INSTRUCTION_SETS, nativeEngine } from "@pclab/engine-native";
import { probeWebgpu, webgpuEngine } from "@pclab/engine-webgpu";
import type { EngineSettings } from "./config.js";

export const ENGINES: EngineRegistry = {
  webgpu: webgpuEngine,
  native: (variant) => nativeEngine(INSTRUCTION_SETS.find((known) => known === variant)),
  reference: () => referenceEngine,
};

/** To be awaited before an engine is started: whether there is a GPU takes a while to find out. */
export const prepareEngines = (settings: EngineSettings): Promise<void> =>
  probeWebgpu({ allowSoftware: settings.allowSoftwareGpu });
