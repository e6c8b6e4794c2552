/** The metric rows of one evaluation. */
import type { Dataset } from "../data/dataset.js";
import type { Engine, Evaluation, ExampleSet, NetworkState } from "../engine/engine.js";
import { distance, norm } from "../engine/norms.js";
import type { Clocks } from "./clocks.js";
import { DivergedError } from "./divergedError.js";
import type { MetricRow } from "./events.js";
import type { MetricName } from "./metrics.js";
import type { SinceEvaluation } from "./sinceEvaluation.js";

/** A few hundred milliseconds of forward passes: between two of these the caller may breathe. */
const EXAMPLES_PER_BREATH = 1024;

export interface EvaluationOptions {
  engine: Engine;
  dataset: Dataset;
  /** theta_0, for the movement of the weights. */
  initial: NetworkState;
  since: SinceEvaluation;
  clocks: Clocks;
  epoch: number;
  breathe: () => Promise<void>;
}

type Add = (name: MetricName, value: number, layer?: number) => void;

/** @throws DivergedError when a loss is not finite */
export const evaluate = async (options: EvaluationOptions): Promise<MetricRow[]> => {
  const state = await options.engine.readState(0);
  const rows: MetricRow[] = [];
  const { weightUpdates: weightUpdate } = state;
  const add: Add = (name, value, layer) => {
    rows.push({ weightUpdate, name, layer: layer ?? null, value });
  };
  add("epoch", options.epoch);
  add("weight_updates", weightUpdate);
  addTrainingMeans(options.since, add);
  await addPredictions(options, weightUpdate, add);
  addWeightMovement(options.initial, state, add);
  if (options.since.inference !== null) {
    addInference(options.since.inference, options.since.samples, add);
    addVariances(state, add);
  }
  addClocks(options, add);
  return rows;
};

const addTrainingMeans = (since: SinceEvaluation, add: Add): void => {
  add("train_loss", since.lossSum / since.samples);
  add("train_accuracy", since.correct / since.samples);
  add("condition_1_share", since.condition1Count / since.samples);
};

const addPredictions = async (
  { engine, dataset, breathe }: EvaluationOptions,
  weightUpdate: number,
  add: Add,
): Promise<void> => {
  for (const split of ["validation", "test"] as const) {
    const examples = dataset[split];
    if (examples.count === 0) continue;
    const { lossSum, correct } = await evaluateAll(engine, examples, breathe);
    if (!Number.isFinite(lossSum)) {
      throw new DivergedError({ weightUpdate, layer: null, quantity: "loss" });
    }
    add(`${split}_loss`, lossSum / examples.count);
    add(`${split}_accuracy`, correct / examples.count);
  }
};

const evaluateAll = async (
  engine: Engine,
  examples: ExampleSet,
  breathe: () => Promise<void>,
): Promise<Evaluation> => {
  const total: Evaluation = { count: examples.count, lossSum: 0, correct: 0 };
  for (let first = 0; first < examples.count; first += EXAMPLES_PER_BREATH) {
    const count = Math.min(EXAMPLES_PER_BREATH, examples.count - first);
    const { lossSum, correct } = await engine.evaluate(0, examples, { first, count });
    total.lossSum += lossSum;
    total.correct += correct;
    await breathe();
  }
  return total;
};

const addWeightMovement = (initial: NetworkState, state: NetworkState, add: Add): void => {
  state.layers.forEach(({ weights }, index) => {
    const start = initial.layers[index].weights;
    add("weight_movement", distance(weights, start) / norm(start), index + 1);
  });
};

const addInference = (
  inference: NonNullable<SinceEvaluation["inference"]>,
  samples: number,
  add: Add,
): void => {
  const addEnergy = (name: "quadratic_energy" | "energy", perLayer: number[]): void => {
    add(name, perLayer.reduce((sum, energy) => sum + energy, 0) / samples);
    perLayer.forEach((energy, index) => add(name, energy / samples, index + 1));
  };
  addEnergy("quadratic_energy", inference.quadraticEnergyPerLayer);
  addEnergy("energy", inference.energyPerLayer);
  add("inference_residual_mean", inference.residualSum / samples);
  add("inference_residual_max", inference.residualMax);
  add("inference_steps", inference.stepsTaken / inference.minibatches);
};

const addVariances = (state: NetworkState, add: Add): void => {
  state.layers.forEach(({ logVariance }, index) => {
    const variances = Float64Array.from(logVariance, Math.exp);
    const layer = index + 1;
    add(
      "variance_mean",
      variances.reduce((sum, value) => sum + value, 0) / variances.length,
      layer,
    );
    add("variance_min", Math.min(...variances), layer);
    add("variance_max", Math.max(...variances), layer);
  });
};

const addClocks = ({ since, clocks }: EvaluationOptions, add: Add): void => {
  // A clock too coarse to have moved has measured no speed.
  if (since.trainSeconds > 0) add("images_per_second", since.samples / since.trainSeconds);
  const { trainSeconds, threadSeconds, wallSeconds, slotSeconds } = clocks.read();
  add("train_seconds", trainSeconds);
  add("thread_seconds", threadSeconds);
  add("wall_seconds", wallSeconds);
  add("slot_seconds", slotSeconds);
};
