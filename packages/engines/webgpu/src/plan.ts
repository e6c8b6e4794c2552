/** The layout as the uniform that the kernels read: `Plan` of kernels/kernel.ts, word by word. */
import type { ActivationName } from "@pclab/core";
import { ACTIVATION_CODES } from "./kernels/activations.js";
import { LAYER_WORDS, MOST_LAYERS, PLAN_HEAD_WORDS } from "./kernels/kernel.js";
import type { Layout } from "./layout.js";

const codeOf = (name: ActivationName): number => ACTIVATION_CODES.indexOf(name);

export const encodePlan = (
  layout: Layout,
  options: { replicas: number; updatesPerMinibatch: number },
): Uint32Array<ArrayBuffer> => {
  const { shape, layers, strides } = layout;
  const words = new Uint32Array(PLAN_HEAD_WORDS + MOST_LAYERS * LAYER_WORDS);
  words.set([
    layers.length,
    Number(shape.bias),
    layout.batch,
    options.replicas,
    strides.parameters,
    strides.moments,
    strides.x,
    strides.errors,
    strides.cache,
    layout.hiddenTiles,
    layout.weightTiles,
    options.updatesPerMinibatch,
  ]);
  // Both conventions are one set of equations: mu_l = g(theta phi(x_{l-1}) + b), see core's reference/layer.ts.
  const phi = codeOf(shape.node === "amb" ? shape.activation : "identity");
  const hiddenG = codeOf(shape.node === "mba" ? shape.activation : "identity");
  layers.forEach((layer, index) => {
    words.set(
      [
        layer.number,
        layer.units,
        layer.inputs,
        Number(layer.isOutput),
        layer.weights,
        layer.bias,
        layer.logVariance,
        layer.x,
        layer.below,
        layer.eps,
        index === 0 ? codeOf("identity") : phi,
        layer.isOutput ? codeOf(shape.outputActivation) : hiddenG,
        phi,
        layer.unitTile,
        layer.hiddenTile,
        layer.weightTile,
        layer.weightColumns,
        layer.vectorTile,
      ],
      PLAN_HEAD_WORDS + index * LAYER_WORDS,
    );
  });
  return words;
};
