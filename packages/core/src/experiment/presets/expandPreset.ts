/**
 * The paper's experiments, ready to submit: a preset at a scale becomes the body of a sweep and, for each figure, which
 * of its runs it is drawn from and which analyses of them it needs.
 *
 * Figures share runs. Two runs are one when their complete specs are equal but for `timing` and `keep_checkpoints`; such a
 * run has what one of its figures asks for. Overrides are laid over every run first, so that runs which they make equal (a grid of
 * widths with one width laid over it) are one run too.
 */
import type { AnalysisWire } from "../../analysis/analysisSettings.js";
import { parseSpec } from "../parseSpec.js";
import type { PartialSpecWire } from "../sweepSchema.js";
import { type FigurePart, figureRunsOf } from "./figureRuns.js";
import { layOver } from "./layOver.js";
import type { PresetName, PresetScale } from "./presetNames.js";

export interface PresetRequest {
  preset: PresetName;
  scale: PresetScale;
  /** A partial spec in the wire form, each field valid; the rules between fields are checked with the sweep. */
  overrides?: PartialSpecWire;
}

/** What one figure is drawn from. */
export interface FigurePlan {
  figure: FigurePart;
  /** Places in the sweep's list of runs. */
  runs: number[];
  /** Of each of these runs, in the wire form. */
  analyses: AnalysisWire[];
}

export interface ExpandedPreset {
  /** A body that `expandSweep` accepts. */
  body: { name: string; runs: PartialSpecWire[] };
  figures: FigurePlan[];
}

export const expandPreset = ({ preset, scale, overrides = {} }: PresetRequest): ExpandedPreset => {
  const runs: PartialSpecWire[] = [];
  const places = new Map<string, number>();
  const figures = figureRunsOf(preset, scale).map(({ figure, runs: wanted, analyses }) => {
    const used = new Set<number>();
    for (const run of wanted) {
      const laid = layOver(run, overrides);
      const key = identityOf(laid);
      const place = places.get(key) ?? runs.push(laid) - 1;
      places.set(key, place);
      if (laid.timing !== undefined) runs[place].timing = laid.timing;
      if (laid.keep_checkpoints !== undefined) runs[place].keep_checkpoints = laid.keep_checkpoints;
      used.add(place);
    }
    return { figure, runs: [...used], analyses };
  });
  return { body: { name: `${preset}, ${scale}`, runs }, figures };
};

/** Equal for two runs that train the same network in the same way. Specs that no run can have are told apart as written. */
const identityOf = (run: PartialSpecWire): string => {
  const parsed = parseSpec(run);
  return JSON.stringify(
    parsed.ok ? { ...parsed.value, timing: null, keepCheckpoints: null, keepBest: null } : run,
  );
};

export interface RunAnalyses {
  /** The run's place in the sweep. */
  run: number;
  /** Each analysis once, however many figures show it. */
  analyses: AnalysisWire[];
}

/** What is to be computed, run by run; runs without analyses are left out. */
export const analysesByRun = (figures: readonly FigurePlan[]): RunAnalyses[] => {
  const byRun = new Map<number, Map<string, AnalysisWire>>();
  for (const { runs, analyses } of figures) {
    for (const run of runs) {
      const wanted = byRun.get(run) ?? new Map<string, AnalysisWire>();
      for (const analysis of analyses) wanted.set(JSON.stringify(analysis), analysis);
      if (wanted.size > 0) byRun.set(run, wanted);
    }
  }
  return [...byRun]
    .sort(([a], [b]) => a - b)
    .map(([run, wanted]) => ({ run, analyses: [...wanted.values()] }));
};
