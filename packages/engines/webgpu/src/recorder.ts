/**
 * Dispatches into command buffers that are handed over before they grow long: a driver takes a GPU that is busy for
 * seconds for a dead one (desktops after 2 s), and a command buffer of its own length lets others have a turn.
 */
import type { Pipelines, PipelineSet } from "./device/pipelines.js";
import { STEP_BYTES } from "./device/pipelines.js";
import type { Resident } from "./device/residentExamples.js";
import type { OwnBuffers } from "./engineBuffers.js";
import type { KernelName } from "./kernels/index.js";
import type { BufferName } from "./kernels/kernel.js";

/** Half a second on a GPU that does half of what a laptop's does, 0.5 TFLOP/s. */
const SUBMIT_FLOP = 2.5e11;
/** Dispatches in one command buffer: the host goes on encoding while the device works on those before. */
const SUBMIT_DISPATCHES = 256;

export type Groups = readonly [x: number, y: number, z: number];

export interface RecorderOptions {
  device: GPUDevice;
  pipelines: Pipelines;
  set: PipelineSet;
  buffers: OwnBuffers;
  steps: GPUBuffer;
  plan: GPUBuffer;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #stepGroup: GPUBindGroup;
  readonly #groups = new Map<KernelName, GPUBindGroup>();
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #flop = 0;
  #pending = 0;
  /** Dispatches so far. */
  dispatchCount = 0;

  constructor(options: RecorderOptions) {
    const { device, pipelines, steps, plan } = options;
    this.#options = options;
    this.#stepGroup = device.createBindGroup({
      layout: pipelines.stepLayout,
      entries: [
        { binding: 0, resource: { buffer: steps, size: STEP_BYTES } },
        { binding: 1, resource: { buffer: plan } },
      ],
    });
  }

  /** `offset`: of the dispatch's step. */
  dispatch(name: KernelName, offset: number, groups: Groups, flop = 0): void {
    this.#dispatch(name, this.#groupOf(name), offset, groups, flop);
  }

  gather(resident: Resident, offset: number, groups: Groups): void {
    this.#dispatch("gather", this.#createGroup("gather", resident), offset, groups, 0);
  }

  copy(from: GPUBuffer, fromBytes: number, to: GPUBuffer, toBytes: number, bytes: number): void {
    this.#endPass();
    this.#encoderNow().copyBufferToBuffer(from, fromBytes, to, toBytes, bytes);
  }

  submit(): void {
    this.#endPass();
    if (this.#encoder === null) return;
    this.#options.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = null;
    this.#flop = 0;
    this.#pending = 0;
  }

  #dispatch(
    name: KernelName,
    group: GPUBindGroup,
    offset: number,
    [x, y, z]: Groups,
    flop: number,
  ): void {
    if (this.#flop > 0 && this.#flop + flop > SUBMIT_FLOP) this.submit();
    if (this.#pending >= SUBMIT_DISPATCHES) this.submit();
    const pass = this.#passNow();
    pass.setPipeline(this.#options.set[name].pipeline);
    pass.setBindGroup(0, this.#stepGroup, [offset]);
    pass.setBindGroup(1, group);
    pass.dispatchWorkgroups(x, y, z);
    this.#flop += flop;
    this.#pending += 1;
    this.dispatchCount += 1;
  }

  #groupOf(name: KernelName): GPUBindGroup {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const created = this.#createGroup(name, null);
    this.#groups.set(name, created);
    return created;
  }

  #createGroup(name: KernelName, resident: Resident | null): GPUBindGroup {
    const { device, set, buffers } = this.#options;
    const { kernel, layout } = set[name];
    const bound: Partial<Record<BufferName, GPUBuffer>> = { ...buffers };
    if (resident !== null) {
      bound.rawInputs = resident.rawInputs;
      bound.targets = resident.targets;
    }
    return device.createBindGroup({
      layout,
      entries: kernel.buffers.map(([buffer], binding) => ({
        binding,
        resource: { buffer: bound[buffer] as GPUBuffer },
      })),
    });
  }

  #encoderNow(): GPUCommandEncoder {
    this.#encoder ??= this.#options.device.createCommandEncoder();
    return this.#encoder;
  }

  #passNow(): GPUComputePassEncoder {
    this.#pass ??= this.#encoderNow().beginComputePass();
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }
}
