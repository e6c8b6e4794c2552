/**
 * The engine's side of the device: its buffers, what a call writes into them before it is recorded, and what it reads
 * after. One call at a time.
 */
import { type EngineOptions, type Minibatch, scheduleFactor } from "@pclab/core";
import { type Capacity, requireFit } from "./capacity.js";
import type { PipelineSet } from "./device/pipelines.js";
import type { Resident } from "./device/residentExamples.js";
import type { SharedDevice } from "./device/sharedDevice.js";
import { type OwnBuffers, createBuffers, destroyBuffers, sizesOf } from "./engineBuffers.js";
import { ExamplesInUse } from "./examplesInUse.js";
import { LANES, NO_FLAG } from "./kernels/kernel.js";
import { type Layout, layoutOf } from "./layout.js";
import { type Part, Phase } from "./phase.js";
import { encodePlan } from "./plan.js";
import { type Range, ReadBack } from "./readBack.js";
import { Recorder } from "./recorder.js";
import { type Outcome, REPLICA_BYTES, encodeReplica, updatesOf } from "./replicaRecord.js";
import { type Steps, layOutSteps } from "./steps.js";

/** What a call asks of a replica. */
export interface Order extends Omit<Part, "settings" | "samples"> {
  minibatch: Minibatch;
  /** Weight updates done before. */
  done: number;
}

/** What one call's order has of its own. */
export interface OrderChanges {
  updates: boolean;
  asBp?: boolean;
}

export const createSession = async (
  shared: SharedDevice,
  options: EngineOptions,
  capacity: Capacity,
): Promise<Session> => {
  const { shape, batchSize, replicas } = options;
  const optimisers = replicas.map(({ optimiser }) => optimiser);
  const layout = layoutOf({ shape, batchSize, optimisers });
  const updatesPerMinibatch = Math.max(1, ...replicas.map(updatesOf));
  const { device, pipelines } = shared;
  const maxGroups = device.limits.maxComputeWorkgroupsPerDimension;
  requireFit(layout, options, { capacity, updatesPerMinibatch, maxGroups });
  const counts = { replicas: replicas.length, updatesPerMinibatch };
  const set = await pipelines.forTile(layout.tile);
  const steps = layOutSteps({
    alignment: device.limits.minUniformBufferOffsetAlignment,
    indices: Math.max(layout.layers.length, replicas.length),
    // Of bp's too: a replica of bp can be asked for pc's gradient.
    steps: Math.max(...replicas.map(({ inference }) => inference.steps)),
  });
  const buffers = await shared.allocate(
    () => createBuffers(device, sizesOf(layout, counts)),
    destroyBuffers,
  );
  const plan = encodePlan(layout, counts);
  return new Session({ shared, set, layout, steps, plan, buffers, options, ...counts });
};

interface SessionParts {
  shared: SharedDevice;
  set: PipelineSet;
  layout: Layout;
  steps: Steps;
  plan: Uint32Array<ArrayBuffer>;
  buffers: OwnBuffers;
  options: EngineOptions;
  updatesPerMinibatch: number;
}

export class Session {
  readonly layout: Layout;
  readonly buffers: OwnBuffers;
  readonly recorder: Recorder;
  readonly #shared: SharedDevice;
  readonly #steps: Steps;
  readonly #uniforms: readonly GPUBuffer[];
  readonly #settings: EngineOptions["replicas"];
  readonly #updatesPerMinibatch: number;
  readonly #readBack: ReadBack;
  readonly #examples: ExamplesInUse;

  constructor(parts: SessionParts) {
    const { shared, set, layout, steps, plan, buffers, options } = parts;
    const { device, pipelines } = shared;
    this.layout = layout;
    this.buffers = buffers;
    this.#shared = shared;
    this.#steps = steps;
    this.#settings = options.replicas;
    this.#updatesPerMinibatch = parts.updatesPerMinibatch;
    const [stepBuffer, planBuffer] = [steps.words, plan].map((words) => {
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      const buffer = device.createBuffer({ size: words.byteLength, usage });
      device.queue.writeBuffer(buffer, 0, words);
      return buffer;
    }) as [GPUBuffer, GPUBuffer];
    this.#uniforms = [stepBuffer, planBuffer];
    this.recorder = new Recorder({
      device,
      pipelines,
      set,
      buffers,
      steps: stepBuffer,
      plan: planBuffer,
    });
    this.#readBack = new ReadBack(shared, this.recorder);
    this.#examples = new ExamplesInUse(shared.residents);
  }

  /** Clamps the minibatches and sets the replicas' records; what follows is recorded with the phase that comes back. */
  begin(orders: readonly (Order | null)[]): Phase {
    this.#shared.check();
    // What was recorded before still reads the records that are about to change.
    this.recorder.submit();
    const sets = [...new Set(orders.flatMap((order) => order?.minibatch.examples ?? []))];
    const residents = this.#examples.use(sets);
    this.#write(orders, sets, residents);
    this.#gather(orders, residents);
    const parts = orders.map((order, replica) => this.#part(order, replica));
    return new Phase({ recorder: this.recorder, layout: this.layout, steps: this.#steps, parts });
  }

  async outcomes(): Promise<Outcome[]> {
    const { control, summary, flags } = this.buffers;
    const replicas = this.#settings.length;
    const words = this.layout.strides.summary;
    const [records, summaries, flagged] = (await this.read([
      { buffer: control, offset: 0, size: replicas * REPLICA_BYTES },
      { buffer: summary, offset: 0, size: replicas * words * 4 },
      { buffer: flags, offset: 0, size: replicas * 4 },
    ])) as [ArrayBuffer, ArrayBuffer, ArrayBuffer];
    return Array.from({ length: replicas }, (_, replica) => ({
      control: new Uint32Array(records, replica * REPLICA_BYTES, REPLICA_BYTES / 4),
      summary: new Float32Array(summaries, replica * words * 4, words),
      flag: new Uint32Array(flagged)[replica] ?? NO_FLAG,
    }));
  }

  read(ranges: readonly Range[]): Promise<ArrayBuffer[]> {
    return this.#readBack.read(ranges);
  }

  write(buffer: GPUBuffer, offset: number, values: Float32Array<ArrayBuffer>): void {
    this.#shared.check();
    this.recorder.submit();
    this.#shared.device.queue.writeBuffer(buffer, offset, values);
  }

  /** Buffers for what one call collects. */
  allocate(size: number): Promise<GPUBuffer> {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    return this.#shared.allocate(
      () => this.#shared.device.createBuffer({ size, usage }),
      (buffer) => buffer.destroy(),
    );
  }

  dispose(): void {
    this.#examples.releaseAll();
    this.#readBack.dispose();
    destroyBuffers(this.buffers);
    for (const buffer of this.#uniforms) buffer.destroy();
  }

  #part(order: Order | null, replica: number): Part | null {
    const settings = this.#settings[replica];
    if (order === null || settings === undefined) return null;
    const { asBp, updates, minibatch } = order;
    return { settings, samples: minibatch.indices.length, asBp, updates };
  }

  #write(
    orders: readonly (Order | null)[],
    sets: readonly Minibatch["examples"][],
    residents: readonly Resident[],
  ): void {
    const { queue } = this.#shared.device;
    const { control, indices, rates, flags } = this.buffers;
    const replicas = this.#settings.length;
    const records = new ArrayBuffer(replicas * REPLICA_BYTES);
    const numbers = new Uint32Array(replicas * this.layout.batch);
    const scheduled = new Float32Array(replicas * this.#updatesPerMinibatch * 4);
    for (const [replica, order] of orders.entries()) {
      const settings = this.#settings[replica];
      if (order === null || settings === undefined) continue;
      const { examples, indices: chosen } = order.minibatch;
      const exampleSet = sets.indexOf(examples);
      encodeReplica(new DataView(records, replica * REPLICA_BYTES, REPLICA_BYTES), settings, {
        samples: chosen.length,
        exampleSet,
        inputScale: examples.inputScale,
        inputOffset: examples.inputOffset,
        inputsAreBytes: residents[exampleSet]?.inputsAreBytes ?? false,
        asBp: order.asBp,
        updates: order.updates,
      });
      numbers.set(chosen, replica * this.layout.batch);
      scheduled.set(ratesOf(settings, order.done), replica * this.#updatesPerMinibatch * 4);
    }
    queue.writeBuffer(control, 0, records);
    queue.writeBuffer(indices, 0, numbers);
    queue.writeBuffer(rates, 0, scheduled);
    queue.writeBuffer(flags, 0, new Uint32Array(replicas).fill(NO_FLAG));
  }

  #gather(orders: readonly (Order | null)[], residents: readonly Resident[]): void {
    const { sizes } = this.layout.shape;
    const units = Math.max(sizes[0] ?? 0, sizes.at(-1) ?? 0);
    const samples = Math.max(...orders.map((order) => order?.minibatch.indices.length ?? 0));
    const groups = [Math.ceil(units / LANES), samples, this.#settings.length] as const;
    residents.forEach((resident, index) =>
      this.recorder.gather(resident, this.#steps.look(index), groups),
    );
  }
}

/** For each update of a minibatch: the scheduled rates of weights and variances, and Adam's two corrections. */
const ratesOf = (settings: EngineOptions["replicas"][number], done: number): number[] =>
  Array.from({ length: updatesOf(settings) }, (_, offset) => {
    const update = done + offset;
    const factor = scheduleFactor(settings.schedule, update, settings.totalWeightUpdates);
    return [
      factor * settings.learningRate,
      factor * (settings.variance.learningRate ?? 0),
      1 / (1 - ADAM_FIRST ** (update + 1)),
      1 / (1 - ADAM_SECOND ** (update + 1)),
    ];
  }).flat();

const ADAM_FIRST = 0.9;
const ADAM_SECOND = 0.999;
