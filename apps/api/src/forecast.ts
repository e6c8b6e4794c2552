/** How long runs and analyses will take, by the pace of what has finished on this server. */
import {
  ASSUMED_PACE,
  type AnalysisSettings,
  type ExperimentSpec,
  type Sweep,
  analysesByRun,
  forecastAnalysisSeconds,
  parseAnalysis,
  trainingMultiplyAdds,
  trainingPace,
} from "@pclab/core";
import {
  type Database,
  type SweepAnalysis,
  listMeasuredAnalyses,
  listMeasuredRuns,
} from "@pclab/storage";

/** Finished runs, and finished analyses, that a forecast looks at. */
const MEASURED = 100;

export interface Forecast {
  /** Of one core, in the order of the sweep. */
  runSeconds: number[];
  analyses: SweepAnalysis[];
  basis: "measured" | "assumed";
}

export const forecastSweep = async (
  database: Database,
  { runs, preset }: Sweep,
): Promise<Forecast> => {
  const [measured, measuredAnalyses] = await measuredSoFar(database);
  const wanted = analysesByRun(preset?.figures ?? []).flatMap(({ run, analyses }) =>
    analyses.map((wire) => ({ run, settings: settingsOf(wire) })),
  );
  const paceOf = ({ algorithm }: ExperimentSpec): number =>
    trainingPace(algorithm, measured) ?? ASSUMED_PACE;
  return {
    runSeconds: runs.map((spec) => trainingMultiplyAdds(spec) / paceOf(spec)),
    analyses: wanted.flatMap(({ run, settings }) => {
      const spec = runs[run];
      if (spec === undefined) return [];
      const estimatedSeconds = forecastAnalysisSeconds(
        { settings, spec },
        measuredAnalyses,
        paceOf(spec),
      );
      return [{ run, settings, estimatedSeconds }];
    }),
    basis: measured.length > 0 ? "measured" : "assumed",
  };
};

export const forecastAnalysis = async (
  database: Database,
  settings: AnalysisSettings,
  spec: ExperimentSpec,
): Promise<number> => {
  const [measured, measuredAnalyses] = await measuredSoFar(database);
  const pace = trainingPace(spec.algorithm, measured) ?? ASSUMED_PACE;
  return forecastAnalysisSeconds({ settings, spec }, measuredAnalyses, pace);
};

const measuredSoFar = (database: Database) =>
  Promise.all([listMeasuredRuns(database, MEASURED), listMeasuredAnalyses(database, MEASURED)]);

/** A preset's own analyses are valid; a test of core holds it to that. */
const settingsOf = (wire: unknown): AnalysisSettings => {
  const parsed = parseAnalysis(wire);
  if (!parsed.ok) throw new Error(`an analysis of a preset is invalid: ${JSON.stringify(parsed)}`);
  return parsed.value;
};
