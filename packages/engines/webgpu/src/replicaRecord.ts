/** A replica's settings for one call as the kernels' `Replica` (kernels/kernel.ts), and what they leave in it. */
import {
  type Divergence,
  type MinibatchReport,
  OPTIMISERS,
  type ReplicaSettings,
  relaxesCondition2,
  relaxesCondition3,
} from "@pclab/core";
import { FLAGS, NO_FLAG, QUANTITIES, REPLICA_WORDS, SUMMARY_HEAD } from "./kernels/kernel.js";
import { FLAG_QUANTITIES } from "./kernels/update.js";

export const REPLICA_BYTES = 4 * REPLICA_WORDS;

export interface Call {
  samples: number;
  /** Which of the call's example sets. */
  exampleSet: number;
  inputScale: number;
  inputOffset: number;
  inputsAreBytes: boolean;
  /** By BP's rule, whatever the replica's algorithm. */
  asBp: boolean;
  /** Whether the weight updates take place. */
  updates: boolean;
}

export const trainsVariance = ({ algorithm, variance }: ReplicaSettings): boolean =>
  relaxesCondition3(algorithm) && variance.learningRate !== null;

/** Weight updates of one whole minibatch. */
export const updatesOf = ({ algorithm, inference }: ReplicaSettings): number =>
  relaxesCondition2(algorithm) ? Math.ceil(inference.steps / inference.updateEvery) : 1;

export const encodeReplica = (into: DataView, settings: ReplicaSettings, call: Call): void => {
  const { inference, variance } = settings;
  const isDuring = relaxesCondition2(settings.algorithm) && !call.asBp;
  const flags =
    FLAGS.participates |
    (call.asBp ? FLAGS.bp : 0) |
    (isDuring ? FLAGS.rc2 : 0) |
    (trainsVariance(settings) && !call.asBp ? FLAGS.trainsVariance : 0) |
    (variance.trainOutput ? FLAGS.trainsOutputVariance : 0) |
    (call.updates ? FLAGS.updates : 0) |
    (inference.precondition ? FLAGS.precondition : 0) |
    (call.inputsAreBytes ? FLAGS.bytes : 0);
  const integers = [
    call.samples,
    flags,
    call.exampleSet,
    OPTIMISERS.indexOf(settings.optimiser),
    inference.steps,
    inference.updateEvery,
    0,
    0,
  ];
  const reals = [
    inference.rate,
    inference.tolerance,
    settings.condition1Delta,
    settings.weightDecay,
    variance.decay,
    variance.floor,
    call.inputScale,
    call.inputOffset,
  ];
  integers.forEach((value, index) => into.setUint32(4 * index, value, true));
  reals.forEach((value, index) => into.setFloat32(4 * (integers.length + index), value, true));
};

/** After the settings: phase, isUpdating, isMeasuring, wasMeasured, then these. */
const WAS_MEASURED = 19;
const UPDATES = 20;
const STEPS_TAKEN = 22;
const QUANTITY = 23;
const LAYER = 24;
const DIVERGED_AT = 25;

export interface Outcome {
  /** The replica's words after the call. */
  control: Uint32Array;
  summary: Float32Array;
  flag: number;
}

export const updatesDone = ({ control }: Outcome): number => control[UPDATES] ?? 0;
export const stepsTaken = ({ control }: Outcome): number => control[STEPS_TAKEN] ?? 0;

/** `before`: weight updates done before the call. */
const divergenceOf = ({ control, flag }: Outcome, before: number): Divergence | null => {
  if (control[QUANTITY] === QUANTITIES.loss) {
    return { weightUpdate: before, layer: null, quantity: "loss" };
  }
  if (control[QUANTITY] === QUANTITIES.energy) {
    const weightUpdate = before + (control[DIVERGED_AT] ?? 0);
    return { weightUpdate, layer: control[LAYER] ?? null, quantity: "energy" };
  }
  if (flag === NO_FLAG) return null;
  return {
    weightUpdate: before + (control[UPDATES] ?? 0),
    layer: flag >>> 2,
    quantity: FLAG_QUANTITIES[flag & 3] ?? "weights",
  };
};

/** Q and E of each layer, from the pairs of Q and the sum of s. */
export const energiesOf = (
  summary: Float32Array,
  samples: number,
  units: readonly number[],
): { quadratic: Float64Array; total: Float64Array } => {
  const quadratic = Float64Array.from(units, (_, l) => summary[SUMMARY_HEAD + 2 * l] ?? Number.NaN);
  const total = quadratic.map((energy, l) => {
    const logVariances = summary[SUMMARY_HEAD + 2 * l + 1] ?? Number.NaN;
    return energy + samples * 0.5 * (logVariances + (units[l] ?? 0) * Math.log(2 * Math.PI));
  });
  return { quadratic, total };
};

export const decodeReport = (
  outcome: Outcome,
  options: { samples: number; before: number; units: readonly number[] },
): MinibatchReport => {
  const { samples, before, units } = options;
  const { control, summary } = outcome;
  const [lossSum = 0, correct = 0, condition1Count = 0, residualSum = 0, residualMax = 0] = summary;
  const { quadratic, total } = energiesOf(summary, samples, units);
  return {
    batchSize: samples,
    weightUpdates: updatesDone(outcome),
    lossSum,
    correct,
    condition1Count,
    inference:
      control[WAS_MEASURED] === 1
        ? {
            quadraticEnergyPerLayer: quadratic,
            energyPerLayer: total,
            residualSum,
            residualMax,
            stepsTaken: stepsTaken(outcome),
          }
        : null,
    divergence: divergenceOf(outcome, before),
  };
};
