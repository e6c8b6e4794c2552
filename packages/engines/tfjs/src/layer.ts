/**
 * One weight layer: its parameters as tensors that the engine holds, and its prediction.
 *
 * Both node conventions are one set of equations (docs/EQUATIONS.md):
 *   a_l = theta_l phi(x_{l-1}) + b_l,  mu_l = g_l(a_l)
 * `mba`: phi is the identity and g_l = f.  `amb`: phi = f (but for the clamped input, x_0 itself) and g_l the identity.
 * In both, g_L is the output activation.
 *
 * Dimensions: B batch, N_l units, N_{l-1} inputs. Tensors of samples are [B, units].
 */
import type { Moments, NetworkShape } from "@pclab/core";
import {
  type Rank,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  add,
  exp,
  matMul,
  neg,
  ones,
  zeros,
} from "@tensorflow/tfjs-core";
import { ACTIVATION_FUNCTIONS, type Activation } from "./activations.js";
import { kept, release } from "./scope.js";

/** A parameter tensor with the optimiser's moments of it. */
export interface Parameter<T extends Tensor> {
  values: T;
  moments: { [name in keyof Moments]?: T };
}

export interface Layer {
  /** l, 1..L. */
  number: number;
  isOutput: boolean;
  inputs: number;
  units: number;
  /** theta_l, [N_l, N_{l-1}]. */
  weights: Parameter<Tensor2D>;
  bias: Parameter<Tensor1D> | null;
  /** s_l = ln Sigma_l. */
  logVariance: Parameter<Tensor1D>;
  /** Sigma_l and pi_l = 1 / Sigma_l, which follow from s_l. */
  variance: Tensor1D;
  precision: Tensor1D;
  /** Null: the identity. */
  phi: Activation | null;
  g: Activation | null;
}

export const createLayers = (shape: NetworkShape): Layer[] =>
  shape.sizes.slice(1).map((units, index) => {
    const inputs = shape.sizes[index] ?? 0;
    const isOutput = index === shape.sizes.length - 2;
    const f = ACTIVATION_FUNCTIONS[shape.activation];
    const hidden = shape.node === "mba" ? f : null;
    return {
      number: index + 1,
      isOutput,
      inputs,
      units,
      weights: { values: zeros<Rank.R2>([units, inputs]), moments: {} },
      bias: shape.bias ? { values: zeros<Rank.R1>([units]), moments: {} } : null,
      logVariance: { values: zeros<Rank.R1>([units]), moments: {} },
      variance: ones<Rank.R1>([units]),
      precision: ones<Rank.R1>([units]),
      phi: shape.node === "amb" && index > 0 ? f : null,
      g: isOutput ? ACTIVATION_FUNCTIONS[shape.outputActivation] : hidden,
    };
  });

export const parametersOf = ({ weights, bias, logVariance }: Layer): Parameter<Tensor>[] => [
  weights,
  ...(bias === null ? [] : [bias]),
  logVariance,
];

export const releaseLayers = (layers: readonly Layer[]): void => {
  for (const layer of layers) {
    release(layer.variance, layer.precision);
    for (const { values, moments } of parametersOf(layer)) release(values, moments);
  }
};

/** To be called whenever s_l has changed. */
export const refreshVariance = (layer: Layer): void => {
  release(layer.variance, layer.precision);
  const { values } = layer.logVariance;
  layer.variance = exp(values);
  layer.precision = kept(() => exp(neg(values)));
};

export interface Prediction {
  /** mu_l, [B, N_l]. */
  mu: Tensor2D;
  /** g_l'(a_l), [B, N_l]; null where g_l is the identity. */
  slope: Tensor2D | null;
  /** phi'(x_{l-1}), [B, N_{l-1}]; null where phi is the identity. */
  inputSlope: Tensor2D | null;
}

/** phi(x_{l-1}), what theta_l multiplies. */
export const inputOf = ({ phi }: Layer, below: Tensor2D): Tensor2D =>
  phi === null ? below : phi(below).value;

/** From x_{l-1}, `below`. */
export const predict = ({ weights, bias, phi, g }: Layer, below: Tensor2D): Prediction => {
  const input = phi === null ? null : phi(below);
  const product: Tensor2D = matMul(input?.value ?? below, weights.values, false, true);
  const a = bias === null ? product : add<Tensor2D>(product, bias.values);
  const output = g === null ? null : g(a);
  return {
    mu: output?.value ?? a,
    slope: output?.slope ?? null,
    inputSlope: input?.slope ?? null,
  };
};
