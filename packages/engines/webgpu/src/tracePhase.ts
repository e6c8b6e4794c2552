/** One phase under the lens: every step's energies are copied aside on the device, and read with the rest at the end. */
import type { PhaseTrace, ReplicaSettings } from "@pclab/core";
import { energiesOf, stepsTaken, updatesDone } from "./replicaRecord.js";
import type { Order, OrderChanges, Session } from "./session.js";
import { unpackGradient } from "./tensors.js";

const BYTES = 4;

export interface TraceOptions {
  session: Session;
  replica: number;
  settings: ReplicaSettings;
  samples: number;
  withWeightUpdates: boolean;
  /** Of this replica alone, on the minibatch. */
  order: (changes: OrderChanges) => (Order | null)[];
}

export const tracePhase = async (
  options: TraceOptions,
): Promise<{ trace: PhaseTrace; updates: number }> => {
  const { session, replica, settings, samples, withWeightUpdates, order } = options;
  const { layout, buffers, recorder } = session;
  const { strides } = layout;
  const { steps } = settings.inference;
  const summaryBytes = strides.summary * BYTES;
  const gradientBytes = strides.parameters * BYTES;
  const summaries = await session.allocate((steps + 1) * summaryBytes);
  try {
    const keep = (slot: number): void =>
      recorder.copy(
        buffers.summary,
        replica * summaryBytes,
        summaries,
        slot * summaryBytes,
        summaryBytes,
      );
    const phase = session.begin(order({ updates: withWeightUpdates, asBp: false }));
    phase.forward();
    phase.settle((t) => {
      phase.look();
      keep(t - 1);
    });
    phase.finish();
    phase.measure();
    keep(steps);
    phase.gradient(replica);
    const [outcome] = (await session.outcomes()).slice(replica);
    const [told, x, pc] = (await session.read([
      { buffer: summaries, offset: 0, size: (steps + 1) * summaryBytes },
      { buffer: buffers.x, offset: replica * strides.x * BYTES, size: strides.x * BYTES },
      { buffer: buffers.gradient, offset: 0, size: gradientBytes },
    ])) as [ArrayBuffer, ArrayBuffer, ArrayBuffer];

    const backpropagation = session.begin(order({ updates: false, asBp: true }));
    backpropagation.forward();
    backpropagation.backward();
    backpropagation.gradient(replica);
    const [bp] = (await session.read([
      { buffer: buffers.gradient, offset: 0, size: gradientBytes },
    ])) as [ArrayBuffer];

    if (outcome === undefined) throw new Error(`nothing came back of replica ${replica}`);
    const taken = stepsTaken(outcome);
    const units = layout.shape.sizes.slice(1);
    const summaryAt = (slot: number): Float32Array =>
      new Float32Array(told, slot * summaryBytes, strides.summary);
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
    const slots = [...Array.from({ length: taken }, (_, slot) => slot), steps];
    const energies = slots.map((slot) => energiesOf(summaryAt(slot), samples, units));
    const last = summaryAt(steps);
    const activities = new Float32Array(x);
    return {
      updates: updatesDone(outcome),
      trace: {
        energy: energies.map(({ total }) => sum(total)),
        quadraticEnergy: energies.map(({ quadratic }) => sum(quadratic)),
        quadraticEnergyPerLayer: energiesOf(last, samples, units).quadratic,
        activities: layout.layers
          .slice(0, -1)
          .map((layer) => activities.slice(layer.x, layer.x + samples * layer.units)),
        residualSum: last[3] ?? Number.NaN,
        residualMax: last[4] ?? Number.NaN,
        stepsTaken: taken,
        pc: unpackGradient(new Float32Array(pc), layout, "pc"),
        bp: unpackGradient(new Float32Array(bp), layout, "bp"),
      },
    };
  } finally {
    summaries.destroy();
  }
};
