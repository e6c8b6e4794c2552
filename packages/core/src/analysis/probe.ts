/** The images that analyses look at: always the same ones of a split, its first, whatever run is looked at. */
import type { Dataset } from "../data/dataset.js";
import type { ExampleSet, Minibatch } from "../engine/engine.js";

export interface ProbeSettings {
  split: "train" | "test";
  examples: number;
}

/** A split may hold fewer than are asked for. */
export const probeExamples = (dataset: Dataset, { split, examples }: ProbeSettings): ExampleSet => {
  const all = dataset[split];
  return { ...all, count: Math.min(all.count, examples) };
};

export const probeBatch = (dataset: Dataset, settings: ProbeSettings): Minibatch => {
  const examples = probeExamples(dataset, settings);
  return { examples, indices: Uint32Array.from({ length: examples.count }, (_, index) => index) };
};
