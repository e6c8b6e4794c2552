/** The engines that the commands of this folder can start. Which of them `auto` is: core's engineChoice. */
import { type EngineRegistry, referenceEngine } from "@pclab/core";
import { nativeEngine } from "@pclab/engine-native";
import { type TfjsBackend, tfjsEngine } from "@pclab/engine-tfjs";
import { probeWebgpu, webgpuEngine } from "@pclab/engine-webgpu";

export interface EngineSettings {
  /** What the tfjs engine computes on; TensorFlow by default. */
  tfjsBackend?: TfjsBackend;
  /** The webgpu engine may run on a driver that computes on the CPU. */
  allowSoftwareGpu?: boolean;
}

export const createEngines = ({ tfjsBackend }: EngineSettings = {}): EngineRegistry => ({
  webgpu: () => webgpuEngine(),
  native: () => nativeEngine(),
  reference: () => referenceEngine,
  tfjs: () => tfjsEngine(tfjsBackend),
});

/** To be awaited before an engine is started: whether there is a GPU takes a while to find out. */
export const prepareEngines = ({ allowSoftwareGpu = false }: EngineSettings): Promise<void> =>
  probeWebgpu({ allowSoftware: allowSoftwareGpu });

export const ENGINES: EngineRegistry = createEngines();
