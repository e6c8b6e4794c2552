/** A body checked against the run that it is about, and stored with a forecast of its time. */
import { type AnalysisSettings, isTerminal, parseAnalysis, readStoredSpec } from "@pclab/core";
import { type AnalysisRow, type Database, type RunRow, storeAnalysis } from "@pclab/storage";
import { ApiError } from "./errors/apiError.js";
import { forecastAnalysis } from "./forecast.js";

export interface AnalysisTarget {
  run: RunRow;
  /** Null for the run's last. */
  checkpointId: string | null;
}

/** @throws ApiError validation, state_conflict */
export const submitAnalysis = async (
  database: Database,
  { run, checkpointId }: AnalysisTarget,
  body: unknown,
): Promise<AnalysisRow> => {
  const parsed = parseAnalysis(body);
  if (!parsed.ok) throw new ApiError("validation", { problems: parsed.problems });
  const settings: AnalysisSettings = parsed.value;
  if (isTerminal(run.state) && run.state !== "succeeded") {
    throw new ApiError("state_conflict", {
      detail: `run ${run.id} is ${run.state} and has no trained network to look at`,
    });
  }
  const spec = readStoredSpec(run.spec);
  refuseWithoutTrajectory(settings, spec.keepCheckpoints);
  return storeAnalysis(database, {
    userId: run.userId,
    runId: run.id,
    checkpointId,
    settings,
    estimatedSeconds: await forecastAnalysis(database, settings, spec),
  });
};

/** Principal components need networks from along the way. */
const refuseWithoutTrajectory = (settings: AnalysisSettings, keptCheckpoints: number): void => {
  if (settings.kind !== "landscape" || settings.directions !== "principal") return;
  if (keptCheckpoints >= settings.dimensions) return;
  throw new ApiError("validation", {
    problems: [
      {
        pointer: "#/directions",
        code: "conflict",
        got: settings.directions,
        detail:
          `${settings.dimensions} principal directions need a run with keep_checkpoints of at least ` +
          `${settings.dimensions}, and this one has ${keptCheckpoints}; use random directions, or train it again`,
      },
    ],
  });
};
