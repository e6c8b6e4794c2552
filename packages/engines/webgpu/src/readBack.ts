/** Numbers from the device to the host. A small landing place is kept; a large one goes when it was read. */
import type { SharedDevice } from "./device/sharedDevice.js";
import type { Recorder } from "./recorder.js";

export interface Range {
  buffer: GPUBuffer;
  /** In bytes. */
  offset: number;
  size: number;
}

const KEPT_BYTES = 1 << 20;

export class ReadBack {
  readonly #shared: SharedDevice;
  readonly #recorder: Recorder;
  #kept: GPUBuffer | null = null;

  constructor(shared: SharedDevice, recorder: Recorder) {
    this.#shared = shared;
    this.#recorder = recorder;
  }

  /** Hands over what was recorded, and resolves with the ranges' bytes once the device has come so far. */
  async read(ranges: readonly Range[]): Promise<ArrayBuffer[]> {
    const total = ranges.reduce((sum, { size }) => sum + size, 0);
    const landing = await this.#landing(total);
    try {
      let at = 0;
      for (const { buffer, offset, size } of ranges) {
        if (size > 0) this.#recorder.copy(buffer, offset, landing, at, size);
        at += size;
      }
      this.#recorder.submit();
      await this.#shared.whole(landing.mapAsync(GPUMapMode.READ, 0, Math.max(4, total)));
      const bytes = landing.getMappedRange(0, Math.max(4, total)).slice(0);
      landing.unmap();
      at = 0;
      return ranges.map(({ size }) => bytes.slice(at, (at += size)));
    } finally {
      if (landing !== this.#kept) landing.destroy();
    }
  }

  dispose(): void {
    this.#kept?.destroy();
    this.#kept = null;
  }

  async #landing(size: number): Promise<GPUBuffer> {
    if (size > KEPT_BYTES) return this.#create(size);
    this.#kept ??= await this.#create(KEPT_BYTES);
    return this.#kept;
  }

  #create(size: number): Promise<GPUBuffer> {
    const { device } = this.#shared;
    return this.#shared.allocate(
      () =>
        device.createBuffer({
          label: "read back",
          size,
          usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        }),
      (buffer) => buffer.destroy(),
    );
  }
}
