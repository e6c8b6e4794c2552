/**
 * An analysis, as a generator of events. It does no I/O and reads no clock: the caller stores what comes, and leaves the
 * generator when the analysis is to stop.
 */
import { analyseAlignment } from "./analyseAlignment.js";
import { analyseCurvature } from "./analyseCurvature.js";
import { analyseLandscape } from "./analyseLandscape.js";
import { analysePhase } from "./analysePhase.js";
import { analyseWeights } from "./analyseWeights.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import type { AnalysisSettings } from "./analysisSettings.js";
import { landscapePointCount } from "./landscapeGrid.js";

/** Parts of an analysis, for its progress. */
export const analysisParts = (settings: AnalysisSettings): number =>
  settings.kind === "landscape" ? landscapePointCount(settings) : 1;

export const analyse = (options: AnalysisOptions): AsyncGenerator<AnalysisEvent, void> => {
  const { settings } = options;
  switch (settings.kind) {
    case "landscape":
      return analyseLandscape({ ...options, settings });
    case "weights":
      return analyseWeights({ ...options, settings });
    case "phase":
      return analysePhase({ ...options, settings });
    case "alignment":
      return analyseAlignment({ ...options, settings });
    case "curvature":
      return analyseCurvature({ ...options, settings });
  }
};
