/** The engines that this worker was built with. Which of them a run gets: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { INSTRUCTION_SETS, nativeEngine } from "@pclab/engine-native";
import { type TfjsBackend, tfjsEngine } from "@pclab/engine-tfjs";
import { probeWebgpu, webgpuEngine } from "@pclab/engine-webgpu";

/** What the engines want to know of the environment, in the worker and in its children alike. */
export interface EngineSettings {
  /** What the tfjs engine computes on; TensorFlow by default. */
  tfjsBackend?: TfjsBackend;
  /** The webgpu engine may run on a driver that computes on the CPU; by its name alone. For tests. */
  allowSoftwareGpu?: boolean;
}

export const createEngines = ({ tfjsBackend }: EngineSettings = {}): EngineRegistry => ({
  webgpu: webgpuEngine,
  native: (variant) => nativeEngine(INSTRUCTION_SETS.find((known) => known === variant)),
  reference: () => referenceEngine,
  tfjs: () => tfjsEngine(tfjsBackend),
});

/** To be awaited before an engine is started: whether there is a GPU takes a while to find out. */
export const prepareEngines = ({ allowSoftwareGpu = false }: EngineSettings): Promise<void> =>
  probeWebgpu({ allowSoftware: allowSoftwareGpu });

/** Under the settings that a worker has by default. */
export const ENGINES: EngineRegistry = createEngines();
