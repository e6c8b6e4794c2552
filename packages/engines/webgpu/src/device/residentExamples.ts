/** Data sets on the device, each once whatever the engines that use it; bytes stay bytes. */
import { EngineError, type ExampleSet } from "@pclab/core";

export interface Resident {
  rawInputs: GPUBuffer;
  targets: GPUBuffer;
  inputsAreBytes: boolean;
}

interface Entry extends Resident {
  users: number;
}

export class ResidentExamples {
  readonly #device: GPUDevice;
  readonly #entries = new WeakMap<ExampleSet, Entry>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Uploads the set unless it is there. To be followed by one `release`. */
  acquire(examples: ExampleSet): Resident {
    const known = this.#entries.get(examples);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const { inputs } = examples;
    const inputsAreBytes = inputs instanceof Uint8Array;
    const raw =
      inputsAreBytes || inputs instanceof Float32Array ? inputs : Float32Array.from(inputs);
    const entry: Entry = {
      rawInputs: this.#upload(raw, "inputs"),
      targets: this.#upload(Float32Array.from(examples.targets), "targets"),
      inputsAreBytes,
      users: 1,
    };
    this.#entries.set(examples, entry);
    return entry;
  }

  /** The last user takes the set off the device. */
  release(examples: ExampleSet): void {
    const entry = this.#entries.get(examples);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.rawInputs.destroy();
    entry.targets.destroy();
    this.#entries.delete(examples);
  }

  #upload(values: Uint8Array | Float32Array, what: string): GPUBuffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const most = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const size = Math.max(4, Math.ceil(values.byteLength / 4) * 4);
    if (size > most) {
      throw new EngineError(
        "engine_out_of_memory",
        `The data set's ${what} take ${size} bytes; this GPU binds ${most} at a time: lower train_size.`,
      );
    }
    const buffer = this.#device.createBuffer({
      label: what,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    const bytes = new Uint8Array(size);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.#device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }
}
