/** Minibatches that make no sense are refused before anything is sent to the device. */
import type { ExampleSet, Minibatch } from "@pclab/core";
import type { Layout } from "./layout.js";

export const checkMinibatch = ({ examples, indices }: Minibatch, layout: Layout): void => {
  if (indices.length < 1 || indices.length > layout.batch) {
    throw new Error(`a minibatch of ${indices.length}; the engine was made for ${layout.batch}`);
  }
  checkExamples(examples, layout);
  indices.forEach((index, position) => {
    if (index >= examples.count) {
      throw new Error(`indices[${position}] is ${index} of ${examples.count} examples`);
    }
  });
};

const checkExamples = ({ count, inputs, targets }: ExampleSet, { shape }: Layout): void => {
  const inputUnits = shape.sizes[0] ?? 0;
  const outputUnits = shape.sizes.at(-1) ?? 0;
  if (inputs.length !== count * inputUnits) {
    throw new Error(
      `inputs has ${inputs.length} elements, expected ${count * inputUnits}: ${count} examples of ${inputUnits}`,
    );
  }
  if (targets.length !== count * outputUnits) {
    throw new Error(
      `targets has ${targets.length} elements, expected ${count * outputUnits}: ${count} examples of ${outputUnits}`,
    );
  }
};
