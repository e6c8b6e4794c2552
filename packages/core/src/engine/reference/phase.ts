/** One inference phase of gradient steps: activity steps with the weight updates in their places, and the rule that ends it early. */
import { relaxesCondition2 } from "../../experiment/vocabulary.js";
import type { ReplicaSettings } from "../engine.js";
import { quadraticEnergyPerSample } from "./energy.js";
import { computeErrors, predictFirstLayer, stepActivities } from "./inference.js";
import type { Layer } from "./layer.js";

export interface PhaseOptions {
  layers: Layer[];
  samples: number;
  settings: ReplicaSettings;
  /** Called before each activity step or outer iteration, with the errors of the present activities and weights computed. */
  beforeStep?: () => void;
  /**
   * Called where a weight update is due, with the errors recomputed from the new activities and the weights that are
   * about to change. False ends the phase. `last`: no activity step follows.
   */
  update: (last: boolean) => boolean;
}

/**
 * Runs the phase from a forward pass, which the caller has done. The errors are left as the last update saw them.
 *
 * @returns the activity steps taken
 */
export const runPhase = ({
  layers,
  samples,
  settings,
  beforeStep,
  update,
}: PhaseOptions): number => {
  const { steps, updateEvery, tolerance } = settings.inference;
  const updatesDuring = relaxesCondition2(settings.algorithm);
  computeErrors(layers, samples);
  for (let step = 1; step <= steps; step++) {
    beforeStep?.();
    const before = tolerance > 0 ? quadraticEnergyPerSample(layers, samples) : null;
    stepActivities(layers, samples, settings.inference);
    computeErrors(layers, samples);

    const atBoundary = step % updateEvery === 0;
    // With updates during inference a phase ends at an update alone, so that no activity step is left without one.
    const mayStop = before !== null && (atBoundary || !updatesDuring);
    const settled = mayStop && hasSettled(layers, samples, before, tolerance);
    const last = step === steps || settled;
    if (last || atBoundary) {
      const goOn = update(last);
      if (last || !goOn) return step;
      predictFirstLayer(layers, samples);
      computeErrors(layers, samples);
    }
  }
  throw new Error("a phase has at least one step");
};

/** |dQ|/Q of the last step is below the tolerance for every sample; a Q that stands still, at 0 too, has settled. */
export const hasSettled = (
  layers: Layer[],
  samples: number,
  before: Float64Array,
  tolerance: number,
): boolean =>
  quadraticEnergyPerSample(layers, samples).every((energy, sample) => {
    const change = Math.abs(energy - before[sample]);
    return change === 0 || change < tolerance * before[sample];
  });
