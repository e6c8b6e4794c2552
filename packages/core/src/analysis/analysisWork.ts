/** How much arithmetic an analysis is, so that its time can be stated before it begins. */
import { networkShapeOf } from "../training/engineOptions.js";
import type { ExperimentSpec, InferenceSettings } from "../experiment/spec.js";
import { inferenceSweeps } from "../experiment/trainingWork.js";
import type { AnalysisSettings } from "./analysisSettings.js";
import { equilibriumOf } from "./equilibrium.js";
import { landscapePointCount } from "./landscapeGrid.js";

/** A finished analysis: what it was of which run, and how long it took. */
export interface MeasuredAnalysis {
  settings: AnalysisSettings;
  spec: ExperimentSpec;
  seconds: number;
}

/** Multiply-adds of the matrix products; of what has none, passes over the weights count. */
export const analysisMultiplyAdds = (settings: AnalysisSettings, spec: ExperimentSpec): number => {
  const forward = weightCount(spec);
  switch (settings.kind) {
    case "landscape": {
      const samples = landscapePointCount(settings) * settings.examples;
      return samples * (settings.surface === "loss" ? forward : phase(spec, equilibriumOf(spec)));
    }
    case "weights":
      return forward;
    case "phase":
      // The points take about two of the run's phases, and the reference as much again.
      return 4 * settings.examples * phase(spec, spec.inference);
    case "alignment":
      return (2 + spec.keepCheckpoints) * settings.examples * phase(spec, spec.inference);
    case "curvature":
      return settings.steps * 2 * settings.examples * 3 * forward;
  }
};

/**
 * Seconds at the median pace of the measured analyses of its kind and surface, or at `pace` where there are none; a
 * child's start and the reading of the data set come on top.
 *
 * @param pace multiply-adds a second of one slot
 */
export const forecastAnalysisSeconds = (
  { settings, spec }: Omit<MeasuredAnalysis, "seconds">,
  measured: readonly MeasuredAnalysis[],
  pace: number,
): number => {
  const paces = measured
    .filter((one) => kindOf(one.settings) === kindOf(settings) && one.seconds > START_SECONDS)
    .map((one) => analysisMultiplyAdds(one.settings, one.spec) / (one.seconds - START_SECONDS))
    .sort((a, b) => a - b);
  const median = paces[Math.floor(paces.length / 2)] ?? pace;
  return START_SECONDS + analysisMultiplyAdds(settings, spec) / median;
};

const START_SECONDS = 1;

const kindOf = (settings: AnalysisSettings): string =>
  settings.kind === "landscape" ? `landscape of the ${settings.surface}` : settings.kind;

const weightCount = (spec: ExperimentSpec): number => {
  const { sizes } = networkShapeOf(spec);
  return sizes.slice(1).reduce((sum, size, l) => sum + size * sizes[l], 0);
};

/** One inference phase of one sample. */
const phase = (spec: ExperimentSpec, inference: InferenceSettings): number => {
  const all = weightCount(spec);
  const [inputs, first] = networkShapeOf(spec).sizes;
  return all + inferenceSweeps(inference) * (all - inputs * first);
};
