/** Conditions 1 and 2 of a trained network: how inference settles on a probe batch, step by step. */
import { engineOptionsOf } from "../training/engineOptions.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import type { PhaseSettings } from "./analysisSettings.js";
import { measurePhaseConvergence } from "./phaseConvergence.js";
import { probeBatch } from "./probe.js";

/** The result is a `PhaseConvergence`. */
export async function* analysePhase({
  settings,
  spec,
  state,
  dataset,
  engine,
  breathe,
  control,
}: AnalysisOptions<PhaseSettings>): AsyncGenerator<AnalysisEvent, void> {
  const result = await measurePhaseConvergence({
    engine,
    engineOptions: engineOptionsOf(spec),
    state,
    minibatch: probeBatch(dataset, settings),
    breathe,
    control,
  });
  yield { type: "result", result };
}
