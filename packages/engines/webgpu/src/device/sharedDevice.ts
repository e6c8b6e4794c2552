/**
 * The device that all engines of the process share, with what is kept on it besides any engine: compiled kernels and
 * resident data sets. A device that was lost is replaced when the next engine is created.
 */
import { EngineError } from "@pclab/core";
import { type FoundAdapter, renewAdapter, requireAdapter } from "./adapter.js";
import { Pipelines } from "./pipelines.js";
import { ResidentExamples } from "./residentExamples.js";

export class SharedDevice {
  readonly device: GPUDevice;
  readonly name: string;
  readonly pipelines: Pipelines;
  readonly residents: ResidentExamples;
  #lost: string | null = null;
  #failure: Error | null = null;

  constructor(device: GPUDevice, name: string) {
    this.device = device;
    this.name = name;
    this.pipelines = new Pipelines(device);
    this.residents = new ResidentExamples(device);
    void device.lost.then(({ reason, message }) => {
      this.#lost = reason === "destroyed" ? "it was destroyed" : message.trim() || reason;
    });
    device.addEventListener("uncapturederror", ({ error }) => {
      this.#failure ??= errorOf(error);
    });
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** @throws EngineError engine_device_lost or engine_out_of_memory, or an Error for what was done wrong */
  check(): void {
    if (this.#lost !== null) throw lostError(this.name, this.#lost);
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  /** What came back from the device, or the reason that it did not. */
  async whole<T>(result: Promise<T>): Promise<T> {
    try {
      const value = await result;
      this.check();
      return value;
    } catch (error) {
      if (error instanceof EngineError) throw error;
      // The promise of the loss settles in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve));
      this.check();
      throw error;
    }
  }

  /**
   * Buffers made by `make`, or none of them.
   *
   * @throws EngineError engine_out_of_memory
   */
  async allocate<T>(make: () => T, release: (made: T) => void): Promise<T> {
    this.device.pushErrorScope("out-of-memory");
    const made = make();
    const error = await this.whole(this.device.popErrorScope());
    if (error === null) return made;
    release(made);
    throw errorOf(error);
  }
}

const lostError = (name: string, reason: string): EngineError =>
  new EngineError(
    "engine_device_lost",
    `The GPU (${name}) was lost: ${reason}. A run goes on from its last checkpoint; if it happens again, look at the driver's log.`,
  );

const errorOf = (error: GPUError): Error =>
  error instanceof GPUOutOfMemoryError
    ? new EngineError(
        "engine_out_of_memory",
        `The GPU has not the memory: ${error.message.trim()}; lower width, depth or batch_size, or pack fewer runs.`,
      )
    : new Error(`webgpu: ${error.message}`);

let shared: Promise<SharedDevice> | null = null;
let adapterIsUsed = false;

/** @throws EngineError engine_unsupported when there is none to be had */
export const sharedDevice = async (): Promise<SharedDevice> => {
  const current = await shared?.catch(() => null);
  if (current !== undefined && current !== null && !current.isLost) return current;
  shared = openDevice();
  return shared;
};

const openDevice = async (): Promise<SharedDevice> => {
  const found = adapterIsUsed ? await renewAdapter() : requireAdapter();
  adapterIsUsed = true;
  return new SharedDevice(await requestDevice(found), found.name);
};

const requestDevice = async ({ adapter, name }: FoundAdapter): Promise<GPUDevice> => {
  const { limits } = adapter;
  try {
    // What an adapter can do is far more than what every device must.
    return await adapter.requestDevice({
      label: "pclab",
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        minUniformBufferOffsetAlignment: limits.minUniformBufferOffsetAlignment,
      },
    });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new EngineError("engine_unsupported", `webgpu gets no device from ${name}: ${detail}`);
  }
};
