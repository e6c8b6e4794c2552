/** The kernels compiled for one device, each once. */
import { type KernelName, kernelsFor } from "../kernels/index.js";
import { type Kernel, sourceOf } from "../kernels/kernel.js";
import type { Tile } from "../kernels/product.js";

export interface Pipeline {
  kernel: Kernel;
  pipeline: GPUComputePipeline;
  /** Of group 1: the kernel's buffers. */
  layout: GPUBindGroupLayout;
}

export type PipelineSet = Readonly<Record<KernelName, Pipeline>>;

/** Bytes of a Step in WGSL. */
export const STEP_BYTES = 16;

export class Pipelines {
  readonly #device: GPUDevice;
  /** Of group 0: the step, at an offset of its own for each dispatch, and the plan. */
  readonly stepLayout: GPUBindGroupLayout;
  readonly #compiled = new Map<string, Promise<Pipeline>>();

  constructor(device: GPUDevice) {
    this.#device = device;
    const { COMPUTE } = GPUShaderStage;
    this.stepLayout = device.createBindGroupLayout({
      entries: [
        {
          binding: 0,
          visibility: COMPUTE,
          buffer: { type: "uniform", hasDynamicOffset: true, minBindingSize: STEP_BYTES },
        },
        { binding: 1, visibility: COMPUTE, buffer: { type: "uniform" } },
      ],
    });
  }

  async forTile(tile: Tile): Promise<PipelineSet> {
    const entries = Object.entries(kernelsFor(tile)).map(
      async ([name, kernel]) => [name, await this.#compile(kernel)] as const,
    );
    return Object.fromEntries(await Promise.all(entries)) as PipelineSet;
  }

  #compile(kernel: Kernel): Promise<Pipeline> {
    const code = sourceOf(kernel);
    const known = this.#compiled.get(code);
    if (known !== undefined) return known;
    const compiling = this.#create(kernel, code);
    this.#compiled.set(code, compiling);
    return compiling;
  }

  async #create(kernel: Kernel, code: string): Promise<Pipeline> {
    const device = this.#device;
    const layout = device.createBindGroupLayout({
      entries: kernel.buffers.map(([, access], binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" },
      })),
    });
    const pipeline = await device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [this.stepLayout, layout] }),
      compute: { module: device.createShaderModule({ label: kernel.name, code }) },
    });
    return { kernel, pipeline, layout };
  }
}
