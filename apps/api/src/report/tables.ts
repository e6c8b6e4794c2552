/** The tables of a report, as rows of text: HTML and Markdown print the same. */
import {
  ANALYSIS_COLUMNS,
  type AnalysisTableRow,
  type ClaimAnswer,
  type ModelRow,
  type RunResult,
  measuredOf,
} from "@pclab/core";
import { VERDICTS, percent, plain, printEstimate, printMeasure } from "./numbers.js";

export interface Table {
  head: string[];
  rows: string[][];
}

export const modelsTable = (models: readonly ModelRow[]): Table => ({
  head: [
    "model",
    "seeds",
    "test accuracy (%)",
    "test loss",
    "validation accuracy (%)",
    "train loss",
    "training (s)",
    "to 90 % (s)",
    "to 90 % (epochs)",
    "timing",
  ],
  rows: models.map(({ label, seeds, states, isExclusive, measures }) => [
    label,
    seedsText(seeds, states),
    printMeasure(measures.testAccuracy, percent),
    printMeasure(measures.testLoss, plain),
    printMeasure(measures.validationAccuracy, percent),
    printMeasure(measures.trainLoss, plain),
    printMeasure(measures.trainSeconds, plain),
    printMeasure(measures.secondsTo90, plain),
    printMeasure(measures.epochsTo90, plain),
    isExclusive ? "exclusive" : "shared",
  ]),
});

const seedsText = (seeds: readonly number[], states: ModelRow["states"]): string => {
  const others = Object.entries(states)
    .filter(([state]) => state !== "succeeded")
    .map(([state, count]) => `${count} ${state}`);
  return [seeds.join(", "), ...others].filter((part) => part !== "").join("; ");
};

export const analysesTable = (rows: readonly AnalysisTableRow[]): Table => ({
  head: ["model", ...ANALYSIS_COLUMNS.map(({ title }) => title)],
  rows: rows.map(({ label, values }) => [
    label,
    ...values.map((value) => printMeasure(value, plain)),
  ]),
});

export const claimsTable = (claims: readonly ClaimAnswer[]): Table => ({
  head: ["#", "claim", "verdict"],
  rows: claims.map(({ number, claim, verdict }) => [String(number), claim, VERDICTS[verdict]]),
});

export const partsTable = ({ parts }: ClaimAnswer): Table => ({
  head: ["of", "values", "estimate (95 % interval)", "effect size", "seeds", "verdict", "why open"],
  rows: parts.map((part) => [
    part.subject,
    part.values,
    printEstimate(part),
    part.effectSize === null ? "" : plain(part.effectSize),
    String(part.seeds),
    VERDICTS[part.verdict],
    part.reason ?? "",
  ]),
});

export const runsTable = (runs: readonly RunResult[]): Table => ({
  head: [
    "run",
    "seed",
    "data",
    "decay",
    "state",
    "test accuracy (%)",
    "test loss",
    "training (s)",
    "timing",
  ],
  rows: runs.map((run) => {
    const { spec } = run;
    const value = (
      name: "testAccuracy" | "testLoss" | "trainSeconds",
      print: (v: number) => string,
    ) => {
      const found = measuredOf(run, name);
      return found === null ? "" : print(found);
    };
    return [
      run.name,
      String(spec.seed),
      spec.dataset,
      String(spec.weightDecay),
      run.reason === null ? run.state : `${run.state}: ${run.reason}`,
      value("testAccuracy", percent),
      value("testLoss", plain),
      value("trainSeconds", plain),
      spec.timing,
    ];
  }),
});
