/** One inference phase of gradient steps: activity steps with the weight updates in their places. */
import { type ReplicaSettings, relaxesCondition2 } from "@pclab/core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { type Clamped, type LayerErrors, errorsOf, forward, stepActivities } from "./inference.js";
import { type Layer, type Prediction, predict } from "./layer.js";
import {
  type PredictionMeasures,
  predictionMeasures,
  quadraticEnergies,
  settled,
} from "./measures.js";
import { kept, release } from "./scope.js";

/** The tensors that a phase carries from step to step. Begins with a forward pass; to be released by `end`. */
export class Phase {
  /** What the forward pass's prediction was worth. */
  readonly prediction: PredictionMeasures;
  readonly #layers: readonly Layer[];
  readonly #clamped: Clamped;
  #first: Prediction;
  /** The hidden activities x_l, l < L, and the errors of every layer at them. */
  #x: Tensor2D[];
  #errors: LayerErrors[];

  constructor(layers: readonly Layer[], clamped: Clamped) {
    this.#layers = layers;
    this.#clamped = clamped;
    const { inputs, targets } = clamped;
    const begun = kept(() => {
      const { predictions, yhat } = forward(layers, inputs);
      const first = predictions[0] as Prediction;
      // Tensors of their own: an activity is released with its step, the first prediction is not.
      const x = predictions.slice(0, -1).map(({ mu }) => mu.clone());
      const errors = errorsOf(layers, x, first, targets);
      return { first, x, errors, prediction: predictionMeasures(yhat, targets) };
    });
    this.prediction = begun.prediction;
    this.#first = begun.first;
    this.#x = begun.x;
    this.#errors = begun.errors;
  }

  get x(): readonly Tensor2D[] {
    return this.#x;
  }

  get errors(): readonly LayerErrors[] {
    return this.#errors;
  }

  step(settings: ReplicaSettings["inference"]): void {
    const { targets } = this.#clamped;
    const next = kept(() => {
      const x = stepActivities(this.#layers, this.#x, this.#errors, settings);
      return { x, errors: errorsOf(this.#layers, x, this.#first, targets) };
    });
    release(this.#x, this.#errors);
    this.#x = next.x;
    this.#errors = next.errors;
  }

  /** After a weight update: the first layer's prediction and every error anew, at the same activities. */
  predictAgain(): void {
    const { inputs, targets } = this.#clamped;
    const next = kept(() => {
      const first = predict(this.#layers[0] as Layer, inputs);
      return { first, errors: errorsOf(this.#layers, this.#x, first, targets) };
    });
    release(this.#first, this.#errors);
    this.#first = next.first;
    this.#errors = next.errors;
  }

  end(): void {
    release(this.prediction, this.#first, this.#x, this.#errors);
  }
}

export interface PhaseHooks {
  /** Called before each activity step, with the errors of the present activities and weights. */
  beforeStep?: () => void;
  /**
   * Called where a weight update is due, with the errors of the new activities under the weights that are about to change.
   * `last`: no activity step follows.
   */
  update: (last: boolean) => void;
}

/**
 * Leaves the errors as the last update saw them. Nothing is read back on the way, but with a tolerance one bit a step.
 *
 * @returns the activity steps taken
 */
export const runPhase = async (
  phase: Phase,
  layers: readonly Layer[],
  { algorithm, inference }: ReplicaSettings,
  { beforeStep, update }: PhaseHooks,
): Promise<number> => {
  const { steps, updateEvery, tolerance } = inference;
  const updatesDuring = relaxesCondition2(algorithm);
  for (let step = 1; ; step++) {
    beforeStep?.();
    const atBoundary = step % updateEvery === 0;
    // With updates during inference a phase ends at an update alone, so that no activity step is left without one.
    const mayStop = tolerance > 0 && (atBoundary || !updatesDuring);
    const before = mayStop ? energiesOf(layers, phase) : null;
    phase.step(inference);
    const hasSettled = before !== null && (await isSettled(layers, phase, before, tolerance));
    const last = step === steps || hasSettled;
    if (!last && !atBoundary) continue;
    update(last);
    if (last) return step;
    phase.predictAgain();
  }
};

const energiesOf = (layers: readonly Layer[], { errors }: Phase): Tensor2D =>
  kept(() => quadraticEnergies(layers, errors));

/** Releases `before`. */
const isSettled = async (
  layers: readonly Layer[],
  phase: Phase,
  before: Tensor2D,
  tolerance: number,
): Promise<boolean> => {
  const answer = kept(() => settled(before, quadraticEnergies(layers, phase.errors), tolerance));
  try {
    const [value] = await answer.data();
    return value === 1;
  } finally {
    release(answer, before);
  }
};
