/** One weight update: the mean gradient of a minibatch into weights, biases and log-variances, tensor by tensor. */
import {
  type OptimiserName,
  type ReplicaSettings,
  relaxesCondition3,
  scheduleFactor,
} from "@pclab/core";
import {
  type Tensor,
  add,
  all,
  cast,
  div,
  isFinite as isFiniteTensor,
  less,
  mul,
  onesLike,
  sqrt,
  square,
  sub,
  where,
} from "@tensorflow/tfjs-core";
import type { Gradient } from "./gradients.js";
import { type Layer, type Parameter, refreshVariance } from "./layer.js";
import { kept, release } from "./scope.js";

const MOMENTUM = 0.9;
const ADAM_FIRST = 0.9;
const ADAM_SECOND = 0.999;
const ADAM_EPSILON = 1e-8;

export interface WeightUpdate {
  layers: readonly Layer[];
  /** Summed over `samples`. */
  gradients: readonly Gradient[];
  samples: number;
  settings: ReplicaSettings;
  /** Weight updates done before this one. */
  done: number;
}

export const updateWeights = ({
  layers,
  gradients,
  samples,
  settings,
  done,
}: WeightUpdate): void => {
  const { optimiser, learningRate, weightDecay, variance } = settings;
  const factor = scheduleFactor(settings.schedule, done, settings.totalWeightUpdates);
  const step = { optimiser, samples, update: done + 1 };
  const weights = { ...step, rate: factor * learningRate, decay: weightDecay };
  for (const [index, layer] of layers.entries()) {
    const gradient = gradients[index] as Gradient;
    apply(layer.weights, gradient.weights, weights);
    if (layer.bias !== null && gradient.bias !== null) apply(layer.bias, gradient.bias, weights);
    if (gradient.logVariance === null || !trainsVariance(layer, settings)) continue;
    const rate = factor * (variance.learningRate ?? 0);
    const { floor, decay } = variance;
    apply(layer.logVariance, gradient.logVariance, { ...step, rate, decay, floor });
    refreshVariance(layer);
  }
};

/** Whether an update changes this layer's log-variances. */
export const trainsVariance = (
  { isOutput }: Layer,
  { algorithm, variance }: ReplicaSettings,
): boolean =>
  relaxesCondition3(algorithm) &&
  variance.learningRate !== null &&
  (!isOutput || variance.trainOutput);

interface Step {
  optimiser: OptimiserName;
  samples: number;
  /** This update's number, from 1: Adam's bias correction. */
  update: number;
  /** The scheduled learning rate. */
  rate: number;
  /** Coupled (added to the gradient), but decoupled with adamw (taken from the parameter, times the rate). */
  decay: number;
  floor?: number;
}

const apply = <T extends Tensor>(parameter: Parameter<T>, gradientSum: T, step: Step): void => {
  const { values, moments } = parameter;
  const next = kept(() => {
    const updated = updatedParameter(values, gradientSum, moments, step);
    return { ...updated, values: raisedToFloor(updated.values, step.floor) };
  });
  release(values, moments);
  parameter.values = next.values as T;
  parameter.moments = next.moments as Parameter<T>["moments"];
};

/** As PyTorch defines the four optimisers. */
const updatedParameter = (
  values: Tensor,
  gradientSum: Tensor,
  moments: { first?: Tensor; second?: Tensor },
  { optimiser, samples, update, rate, decay }: Step,
): { values: Tensor; moments: { first?: Tensor; second?: Tensor } } => {
  const mean = mul(gradientSum, 1 / samples);
  const isDecoupled = optimiser === "adamw";
  const from = isDecoupled && decay !== 0 ? mul(values, 1 - rate * decay) : values;
  const gradient = isDecoupled || decay === 0 ? mean : add(mean, mul(values, decay));
  if (optimiser === "sgd") return { values: sub(from, mul(gradient, rate)), moments: {} };
  if (optimiser === "momentum") {
    const first = add(mul(required(moments.first), MOMENTUM), gradient);
    return { values: sub(from, mul(first, rate)), moments: { first } };
  }
  const first = average(required(moments.first), gradient, ADAM_FIRST);
  const second = average(required(moments.second), square(gradient), ADAM_SECOND);
  const correctedSecond = mul(second, 1 / (1 - ADAM_SECOND ** update));
  const scale = add(sqrt(correctedSecond), ADAM_EPSILON);
  const stepSize = rate / (1 - ADAM_FIRST ** update);
  return { values: sub(from, div(mul(first, stepSize), scale)), moments: { first, second } };
};

const average = (before: Tensor, value: Tensor, weight: number): Tensor =>
  add(mul(before, weight), mul(value, 1 - weight));

const required = (moment: Tensor | undefined): Tensor => {
  if (moment === undefined) throw new Error("a moment of this optimiser was never created");
  return moment;
};

/** A NaN, of which no comparison holds, is not raised: it must show as divergence. */
const raisedToFloor = (values: Tensor, floor: number | undefined): Tensor =>
  floor === undefined ? values : where(less(values, floor), mul(onesLike(values), floor), values);

/** 1 where every value of a parameter is finite, else 0: weights, bias where there is one, log-variances, layer by layer. */
export const finiteness = (layers: readonly Layer[]): Tensor[] =>
  layers.flatMap(({ weights, bias, logVariance }) =>
    [weights, ...(bias === null ? [] : [bias]), logVariance].map(({ values }) =>
      cast(all(isFiniteTensor(values)), "float32"),
    ),
  );
