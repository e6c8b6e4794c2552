/** The six activation functions f with their derivatives, over whole arrays. */
import type { ActivationName } from "../experiment/vocabulary.js";
import { erf } from "./erf.js";

/** value[i] = f(a[i]), slope[i] = f'(a[i]) for i < length. `value` may be `a` itself: the product is then overwritten. */
export type Activation = (
  a: Float64Array,
  value: Float64Array,
  slope: Float64Array,
  length: number,
) => void;

/** PyTorch's default. */
const LEAKY_RELU_SLOPE = 0.01;

const tanh: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    const f = Math.tanh(a[i]);
    value[i] = f;
    slope[i] = 1 - f * f;
  }
};

/** The derivative at 0 is 0, as in PyTorch. */
const relu: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    const positive = a[i] > 0;
    slope[i] = positive ? 1 : 0;
    // A NaN must stay one: a comparison alone would turn a diverged network into a silent zero.
    value[i] = positive || Number.isNaN(a[i]) ? a[i] : 0;
  }
};

const leakyRelu: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    slope[i] = a[i] > 0 ? 1 : LEAKY_RELU_SLOPE;
    value[i] = slope[i] * a[i];
  }
};

/** Exact: a Phi(a), whose derivative is Phi(a) + a phi(a). Not the tanh approximation. */
const gelu: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    const ai = a[i];
    const cumulative = 0.5 * (1 + erf(ai * Math.SQRT1_2));
    const density = Math.exp(-0.5 * ai * ai) / Math.sqrt(2 * Math.PI);
    value[i] = ai * cumulative;
    slope[i] = cumulative + ai * density;
  }
};

const sigmoid: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    const f = 1 / (1 + Math.exp(-a[i]));
    value[i] = f;
    slope[i] = f * (1 - f);
  }
};

const identity: Activation = (a, value, slope, length) => {
  for (let i = 0; i < length; i++) {
    value[i] = a[i];
    slope[i] = 1;
  }
};

export const ACTIVATION_FUNCTIONS: Readonly<Record<ActivationName, Activation>> = {
  tanh,
  relu,
  leaky_relu: leakyRelu,
  gelu,
  sigmoid,
  identity,
};
