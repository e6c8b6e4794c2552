/**
 * An analysis, as a generator of events. It does no I/O and reads no clock: the caller stores what comes, and leaves the
 * generator when the analysis is to stop.
 */
import { EngineError } from "../engine/engineError.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import { analyseLandscape } from "./analyseLandscape.js";
import { analyseWeights } from "./analyseWeights.js";
import type { AnalysisSettings } from "./analysisSettings.js";
import { landscapePointCount } from "./landscapeGrid.js";

/** Parts of an analysis, for its progress. */
export const analysisParts = (settings: AnalysisSettings): number =>
  settings.kind === "landscape" ? landscapePointCount(settings) : 1;

/** @throws EngineError engine_unsupported for a kind that this version does not compute, which no API lets in */
export const analyse = (options: AnalysisOptions): AsyncGenerator<AnalysisEvent, void> => {
  const { settings } = options;
  if (settings.kind === "landscape") return analyseLandscape({ ...options, settings });
  if (settings.kind === "weights") return analyseWeights({ ...options, settings });
  throw new EngineError("engine_unsupported", `analysis '${settings.kind}' is not available`);
};
