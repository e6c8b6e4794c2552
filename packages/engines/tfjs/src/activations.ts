/** The six activation functions f with their derivatives, on whole tensors. */
import type { ActivationName } from "@pclab/core";
import {
  type Tensor2D,
  add,
  cast,
  erf,
  exp,
  greater,
  lessEqual,
  mul,
  onesLike,
  sigmoid,
  square,
  sub,
  tanh,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";

/** f(a) and f'(a), of the shape of a. */
export interface Activated {
  value: Tensor2D;
  slope: Tensor2D;
}

export type Activation = (a: Tensor2D) => Activated;

/** PyTorch's default. */
const LEAKY_RELU_SLOPE = 0.01;

/** The derivative at 0 is 0, as in PyTorch. By a comparison that a NaN fails, since a NaN must stay one. */
const relu: Activation = (a) => ({
  value: where(lessEqual(a, 0), zerosLike(a), a),
  slope: cast(greater(a, 0), "float32"),
});

const leakyRelu: Activation = (a) => {
  const slope = where(greater(a, 0), onesLike(a), mul(onesLike(a), LEAKY_RELU_SLOPE));
  return { value: mul(slope, a), slope };
};

/** Exact: a Phi(a), whose derivative is Phi(a) + a phi(a). Not the tanh approximation. */
const gelu: Activation = (a) => {
  const cumulative: Tensor2D = mul(add(erf(mul(a, Math.SQRT1_2)), 1), 0.5);
  const density: Tensor2D = mul(exp(mul(square(a), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return { value: mul(a, cumulative), slope: add(cumulative, mul(a, density)) };
};

/** Null is the identity, which costs no operation. */
export const ACTIVATION_FUNCTIONS: Readonly<Record<ActivationName, Activation | null>> = {
  tanh: (a) => {
    const value = tanh(a);
    return { value, slope: sub(1, square(value)) };
  },
  relu,
  leaky_relu: leakyRelu,
  gelu,
  sigmoid: (a) => {
    const value = sigmoid(a);
    return { value, slope: mul(value, sub(1, value)) };
  },
  identity: null,
};
