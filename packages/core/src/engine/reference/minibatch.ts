/** Examples into the layers' arrays, and what a forward pass says about them. */
import type { ExampleSet } from "../engine.js";
import type { Layer } from "./layer.js";

/** Clamps x_0 and x_L to the examples `indexOf(0)`, `indexOf(1)`, ... */
export const clamp = (
  layers: Layer[],
  examples: ExampleSet,
  samples: number,
  indexOf: (sample: number) => number,
): void => {
  const { below, inputs } = layers[0];
  const output = layers[layers.length - 1];
  const { inputScale, inputOffset } = examples;
  for (let sample = 0, at = 0; sample < samples; sample++) {
    const index = indexOf(sample);
    const first = index * inputs;
    for (let i = 0; i < inputs; i++, at++) {
      below[at] = inputScale * examples.inputs[first + i] + inputOffset;
    }
    const target = examples.targets.subarray(index * output.units, (index + 1) * output.units);
    output.x.set(target, sample * output.units);
  }
};

export interface PredictionMeasures {
  /** Sum over the samples of 1/2 |y - yhat|^2. */
  lossSum: number;
  correct: number;
  /** Samples with |y - yhat| < delta. */
  condition1Count: number;
}

/** Compares yhat (mu_L) with y (x_L) after a forward pass. */
export const measurePrediction = (
  output: Layer,
  samples: number,
  condition1Delta: number,
): PredictionMeasures => {
  const { x: y, mu: yhat, units } = output;
  let lossSum = 0;
  let correct = 0;
  let condition1Count = 0;
  for (let sample = 0; sample < samples; sample++) {
    const start = sample * units;
    let square = 0;
    for (let at = start; at < start + units; at++) square += (y[at] - yhat[at]) ** 2;
    lossSum += 0.5 * square;
    if (largest(yhat, start, units) === largest(y, start, units)) correct += 1;
    if (Math.sqrt(square) < condition1Delta) condition1Count += 1;
  }
  return { lossSum, correct, condition1Count };
};

/** The first of the largest values' positions. */
const largest = (values: Float64Array, start: number, count: number): number => {
  let best = start;
  for (let at = start + 1; at < start + count; at++) if (values[at] > values[best]) best = at;
  return best;
};
