/** The table of a report: every model with its runs, means and spreads over seeds. */
import { type MeanEstimate, estimateMean, summarise } from "../analysis/statistics.js";
import { trainingConvergence } from "../analysis/trainingConvergence.js";
import type { RunState } from "../experiment/runState.js";
import { type ModelGroup, lastValue, modelGroups } from "./modelGroups.js";
import type { RunResult } from "./runResult.js";

export interface Measure extends MeanEstimate {
  /** Over seeds; null with fewer than two. */
  standardDeviation: number | null;
}

export const MEASURES = [
  "testAccuracy",
  "testLoss",
  "validationAccuracy",
  "validationLoss",
  "trainLoss",
  "trainSeconds",
  "secondsTo90",
  "updatesTo90",
  "epochsTo90",
] as const;
export type MeasureName = (typeof MEASURES)[number];

export interface ModelRow {
  label: string;
  group: ModelGroup;
  /** Of the runs that have succeeded. */
  seeds: number[];
  states: Partial<Record<RunState, number>>;
  /** Whether every run had the worker to itself: only then its times compare. */
  isExclusive: boolean;
  /** Over the runs that have succeeded, each at its end. */
  measures: Record<MeasureName, Measure>;
}

export const modelTable = (runs: readonly RunResult[]): ModelRow[] =>
  modelGroups(runs).map((group) => {
    const states: Partial<Record<RunState, number>> = {};
    for (const { state } of group.runs) states[state] = (states[state] ?? 0) + 1;
    const measured = MEASURES.map((name) => [
      name,
      measure(group.succeeded.map((run) => measuredOf(run, name))),
    ]);
    return {
      label: group.label,
      group,
      seeds: group.succeeded.map(({ spec }) => spec.seed),
      states,
      isExclusive: group.runs.every(({ spec }) => spec.timing === "exclusive"),
      measures: Object.fromEntries(measured) as Record<MeasureName, Measure>,
    };
  });

const measure = (values: readonly (number | null)[]): Measure => {
  const found = values.filter((value) => value !== null);
  return { ...estimateMean(found), standardDeviation: summarise(found).standardDeviation };
};

/** Accuracies are shares, times seconds. */
export const measuredOf = (run: RunResult, name: MeasureName): number | null => {
  switch (name) {
    case "testAccuracy":
      return lastValue(run, "test_accuracy");
    case "testLoss":
      return lastValue(run, "test_loss");
    case "validationAccuracy":
      return lastValue(run, "validation_accuracy");
    case "validationLoss":
      return lastValue(run, "validation_loss");
    case "trainLoss":
      return lastValue(run, "train_loss");
    case "trainSeconds":
      return lastValue(run, "train_seconds");
    case "secondsTo90":
      return trainingConvergence(run.metrics)?.seconds ?? null;
    case "updatesTo90":
      return trainingConvergence(run.metrics)?.weightUpdates ?? null;
    case "epochsTo90":
      return trainingConvergence(run.metrics)?.epochs ?? null;
  }
};

/** Of several groups the one with the best mean validation accuracy: selection never looks at the test images. */
export const bestByValidation = (groups: readonly ModelGroup[]): ModelGroup | null =>
  groups.reduce<ModelGroup | null>((best, group) => {
    const accuracy = validationAccuracy(group);
    if (best === null || accuracy > validationAccuracy(best)) return group;
    return best;
  }, null);

const validationAccuracy = ({ succeeded }: ModelGroup): number =>
  measure(succeeded.map((run) => measuredOf(run, "validationAccuracy"))).mean ?? -1;
