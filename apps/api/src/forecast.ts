/** How long runs and analyses will take, by the pace of what has finished on this server. */
import {
  ASSUMED_PACE,
  type AnalysisSettings,
  type ExperimentSpec,
  type Halving,
  type Sweep,
  analysesByRun,
  expectedShare,
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
  /** Of one core, in the order of the sweep: to each run's end, or to its first rung. */
  runSeconds: number[];
  /** Of all its runs together, those included that its search will make. */
  trainingSeconds: number;
  analyses: SweepAnalysis[];
  basis: "measured" | "assumed";
}

export const forecastSweep = async (database: Database, sweep: Sweep): Promise<Forecast> => {
  const { runs, preset, halving = null } = sweep;
  const [measured, measuredAnalyses] = await measuredSoFar(database);
  const wanted = analysesByRun(preset?.figures ?? []).flatMap(({ run, analyses }) =>
    analyses.map((wire) => ({ run, settings: settingsOf(wire) })),
  );
  const paceOf = ({ algorithm }: ExperimentSpec): number =>
    trainingPace(algorithm, measured) ?? ASSUMED_PACE;
  const secondsOf = (spec: ExperimentSpec): number => trainingMultiplyAdds(spec) / paceOf(spec);
  return {
    runSeconds: runs.map((spec) => secondsOf(spec) * firstPart(spec, halving)),
    trainingSeconds: expectedSeconds(runs.map(secondsOf), sweep),
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

/** How long runs will take that a search makes later, to their first rung or their end. */
export const openRunForecast = async (
  database: Database,
): Promise<(spec: ExperimentSpec, halving: Halving | null) => number> => {
  const measured = await listMeasuredRuns(database, MEASURED);
  return (spec, halving) =>
    (trainingMultiplyAdds(spec) / (trainingPace(spec.algorithm, measured) ?? ASSUMED_PACE)) *
    firstPart(spec, halving);
};

/** The share of a run up to where it first stops. */
const firstPart = ({ epochs }: ExperimentSpec, halving: Halving | null): number =>
  halving === null || epochs === null ? 1 : halving.minEpochs / epochs;

/** Runs that are not proposed yet are taken to be like those that the search begins with. */
const expectedSeconds = (runSeconds: readonly number[], { runs, tpe, halving }: Sweep): number => {
  const together = tpe === undefined ? runs.length : Math.min(tpe.startup, runs.length);
  const trained = runSeconds.map((seconds, index) => {
    const epochs = runs[index]?.epochs ?? null;
    const share =
      halving === undefined || epochs === null ? 1 : expectedShare(halving, epochs, together);
    return seconds * share;
  });
  const sum = trained.reduce((total, seconds) => total + seconds, 0);
  return tpe === undefined ? sum : (sum / runs.length) * tpe.samples;
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
