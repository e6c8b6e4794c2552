/** The buffers of one engine, sized for all its replicas. */
import type { BufferName } from "./kernels/kernel.js";
import type { Layout } from "./layout.js";
import { REPLICA_BYTES } from "./replicaRecord.js";

/** Those of BufferName that belong to an engine: the rest are a data set's. */
export type OwnBufferName = Exclude<BufferName, "rawInputs" | "targets">;
export type OwnBuffers = Readonly<Record<OwnBufferName, GPUBuffer>>;

const BYTES = 4;
const RATES_BYTES = 16;

export const sizesOf = (
  { strides, batch }: Layout,
  { replicas, updatesPerMinibatch }: { replicas: number; updatesPerMinibatch: number },
): Readonly<Record<OwnBufferName, number>> => ({
  control: replicas * REPLICA_BYTES,
  indices: replicas * batch * BYTES,
  rates: replicas * updatesPerMinibatch * RATES_BYTES,
  parameters: replicas * strides.parameters * BYTES,
  moments: replicas * strides.moments * BYTES,
  x: replicas * strides.x * BYTES,
  errors: replicas * strides.errors * BYTES,
  cache: replicas * strides.cache * BYTES,
  energies: replicas * strides.energies * BYTES,
  partials: replicas * strides.partials * BYTES,
  summary: replicas * strides.summary * BYTES,
  flags: replicas * BYTES,
  gradient: strides.parameters * BYTES,
});

export const createBuffers = (
  device: GPUDevice,
  sizes: Readonly<Record<OwnBufferName, number>>,
): OwnBuffers => {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
  const entries = Object.entries(sizes).map(([label, size]) => [
    label,
    // A binding holds a number at least, used or not; the rates are of four.
    device.createBuffer({ label, size: Math.max(RATES_BYTES, size), usage }),
  ]);
  return Object.fromEntries(entries) as OwnBuffers;
};

export const destroyBuffers = (buffers: OwnBuffers): void => {
  for (const buffer of Object.values(buffers)) buffer.destroy();
};
