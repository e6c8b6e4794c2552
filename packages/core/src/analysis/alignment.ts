/**
 * How far PC's update is BP's (the paper's conditions 1 to 3): the two weight gradients at the same weights and minibatch.
 * PC's is dE/dtheta at the end of a full inference phase, BP's the gradient of the loss. Biases take no part.
 */
import type { Engine, LayerGradient, Minibatch, Values } from "../engine/engine.js";

export interface GradientAlignment {
  /** -1..1; null where a gradient is zero or not finite. */
  cosine: number | null;
  /** |PC's| / |BP's|; null where BP's gradient is zero, or either not finite. */
  norm_ratio: number | null;
}

export interface LayerAlignment extends GradientAlignment {
  /** 1..L. */
  layer: number;
}

export interface Alignment {
  layers: LayerAlignment[];
  /** Of the weights of all layers as one vector. */
  network: GradientAlignment;
}

/** Updates nothing. The replica's inference settings are what PC's phase follows. */
export const measureAlignment = async (
  engine: Engine,
  replica: number,
  minibatch: Minibatch,
): Promise<Alignment> =>
  alignmentOf(
    await engine.gradients(replica, minibatch, "pc"),
    await engine.gradients(replica, minibatch, "bp"),
  );

/** Both per layer, of one shape, [N_l x N_{l-1}]; a factor common to all layers changes the ratios alone. */
export const alignmentOf = (
  pc: readonly LayerGradient[],
  bp: readonly LayerGradient[],
): Alignment => {
  const pairs = pc.map(({ weights }, index) => ({ left: weights, right: bp[index].weights }));
  return {
    layers: pairs.map((pair, index) => ({ layer: index + 1, ...compare([pair]) })),
    network: compare(pairs),
  };
};

interface Pair {
  left: Values;
  right: Values;
}

const compare = (pairs: readonly Pair[]): GradientAlignment => {
  // Late in training gradients are tiny: squares are taken of shares of the largest, which do not underflow.
  const leftLargest = largestOf(pairs.map(({ left }) => left));
  const rightLargest = largestOf(pairs.map(({ right }) => right));
  const isMeasurable = Number.isFinite(leftLargest) && Number.isFinite(rightLargest);
  if (!isMeasurable || rightLargest === 0) return { cosine: null, norm_ratio: null };
  if (leftLargest === 0) return { cosine: null, norm_ratio: 0 };
  let [dot, leftSquare, rightSquare] = [0, 0, 0];
  for (const { left, right } of pairs) {
    for (let i = 0; i < left.length; i++) {
      const [a, b] = [left[i] / leftLargest, right[i] / rightLargest];
      dot += a * b;
      leftSquare += a * a;
      rightSquare += b * b;
    }
  }
  // One root of the product, not a product of roots: a vector with itself then has a cosine of exactly 1.
  const cosine = dot / Math.sqrt(leftSquare * rightSquare);
  const ratio = (leftLargest / rightLargest) * Math.sqrt(leftSquare / rightSquare);
  return {
    cosine: Math.max(-1, Math.min(1, cosine)),
    norm_ratio: Number.isFinite(ratio) ? ratio : null,
  };
};

/** Of the absolute values; NaN where one of them is. */
const largestOf = (tensors: readonly Values[]): number => {
  let largest = 0;
  for (const values of tensors) {
    for (const value of values) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
};
