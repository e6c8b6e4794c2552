/**
 * The four optimisers, as PyTorch defines them, on one parameter tensor at a time. They serve weights, biases and
 * log-variances alike. Momentum 0.9; Adam with 0.9, 0.999, 1e-8.
 */
import type { OptimiserName } from "../experiment/vocabulary.js";

const MOMENTUM = 0.9;
const ADAM_FIRST = 0.9;
const ADAM_SECOND = 0.999;
const ADAM_EPSILON = 1e-8;

/** All as long as the parameter tensor; which exist depends on the optimiser. */
export interface DoubleMoments {
  first?: Float64Array;
  second?: Float64Array;
}

/** Which moments an optimiser keeps of each parameter. */
export const momentsOf = (optimiser: OptimiserName): readonly ("first" | "second")[] => {
  if (optimiser === "sgd") return [];
  return optimiser === "momentum" ? ["first"] : ["first", "second"];
};

export const createMoments = (optimiser: OptimiserName, length: number): DoubleMoments =>
  Object.fromEntries(momentsOf(optimiser).map((name) => [name, new Float64Array(length)]));

export interface ParameterUpdate {
  optimiser: OptimiserName;
  parameters: Float64Array;
  /** The mean over the minibatch; overwritten where the decay is coupled. */
  gradient: Float64Array;
  moments: DoubleMoments;
  /** The scheduled learning rate. */
  rate: number;
  /** Coupled (added to the gradient), but decoupled with adamw (taken from the parameter, times the rate). */
  decay: number;
  /** This update's number, from 1: Adam's bias correction. */
  update: number;
}

export const updateParameters = (options: ParameterUpdate): void => {
  const { optimiser, parameters, gradient, moments, rate, decay, update } = options;
  if (optimiser === "adamw") decayDecoupled(parameters, rate * decay);
  else if (decay !== 0) addDecay(gradient, parameters, decay);
  if (optimiser === "sgd") descend(parameters, gradient, rate);
  else if (optimiser === "momentum") momentum(parameters, gradient, required(moments.first), rate);
  else {
    const corrections = { first: 1 - ADAM_FIRST ** update, second: 1 - ADAM_SECOND ** update };
    adam(
      parameters,
      gradient,
      required(moments.first),
      required(moments.second),
      rate,
      corrections,
    );
  }
};

const descend = (parameters: Float64Array, gradient: Float64Array, rate: number): void => {
  for (let i = 0; i < parameters.length; i++) parameters[i] -= rate * gradient[i];
};

const decayDecoupled = (parameters: Float64Array, share: number): void => {
  for (let i = 0; i < parameters.length; i++) parameters[i] *= 1 - share;
};

const addDecay = (gradient: Float64Array, parameters: Float64Array, decay: number): void => {
  for (let i = 0; i < parameters.length; i++) gradient[i] += decay * parameters[i];
};

const momentum = (
  parameters: Float64Array,
  gradient: Float64Array,
  velocity: Float64Array,
  rate: number,
): void => {
  for (let i = 0; i < parameters.length; i++) {
    velocity[i] = MOMENTUM * velocity[i] + gradient[i];
    parameters[i] -= rate * velocity[i];
  }
};

const adam = (
  parameters: Float64Array,
  gradient: Float64Array,
  first: Float64Array,
  second: Float64Array,
  rate: number,
  corrections: { first: number; second: number },
): void => {
  const stepSize = rate / corrections.first;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i];
    first[i] = ADAM_FIRST * first[i] + (1 - ADAM_FIRST) * g;
    second[i] = ADAM_SECOND * second[i] + (1 - ADAM_SECOND) * g * g;
    const scale = Math.sqrt(second[i] / corrections.second) + ADAM_EPSILON;
    parameters[i] -= (stepSize * first[i]) / scale;
  }
};

const required = (moment: Float64Array | undefined): Float64Array => {
  if (moment === undefined) throw new Error("a moment of this optimiser was never created");
  return moment;
};
