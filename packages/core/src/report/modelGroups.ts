/** Runs of one spec but for the seed: what means and spreads are taken over. */
import { printSpec } from "../experiment/parseSpec.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import type { MetricName } from "../training/metrics.js";
import type { RunResult } from "./runResult.js";

export interface ModelGroup {
  /** The shortest text that tells the group from the sweep's others. */
  label: string;
  /** As every run of it has it, but for the seed. */
  spec: ExperimentSpec;
  /** All of them, in the order of their seeds. */
  runs: RunResult[];
  /** Those that have succeeded. */
  succeeded: RunResult[];
}

/** In the order in which the sweep names them. */
export const modelGroups = (runs: readonly RunResult[]): ModelGroup[] => {
  const byKey = new Map<string, RunResult[]>();
  for (const run of runs) {
    const key = keyOf(run.spec);
    byKey.set(key, [...(byKey.get(key) ?? []), run]);
  }
  const members = [...byKey.values()].map((group) =>
    [...group].sort((a, b) => a.spec.seed - b.spec.seed),
  );
  const labels = labelsOf(members.map(([first]) => first));
  return members.map((group, index) => ({
    label: labels[index],
    spec: group[0].spec,
    runs: group,
    succeeded: group.filter(({ state }) => state === "succeeded"),
  }));
};

/** What tells runs of one group apart, or has no part in what they learn. */
const SAME_WHATEVER = ["seed", "timing", "keep_checkpoints", "keep_best"];

const keyOf = (spec: ExperimentSpec): string =>
  JSON.stringify([...fieldsOf(spec)].filter(([field]) => !SAME_WHATEVER.includes(field)));

/** `inference.rate` and the like, each with its value as text. */
const fieldsOf = (spec: ExperimentSpec): Map<string, string> => {
  const fields = new Map<string, string>();
  const add = (value: unknown, path: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) add(inner, path ? `${path}.${key}` : key);
    } else fields.set(path, typeof value === "number" ? shortNumber(value) : String(value));
  };
  add(printSpec(spec), "");
  return fields;
};

/** 1e-6 rather than 0.000001. */
export const shortNumber = (value: number): string =>
  value > 0 && value <= 1e-3 ? value.toExponential() : String(value);

/** In the name already, or said in a shorter way. */
const IN_LABEL = ["algorithm", "width", "depth", "dataset", "variance_decay", ...SAME_WHATEVER];

const labelsOf = (runs: readonly RunResult[]): string[] => {
  const fields = runs.map(({ spec }) => fieldsOf(spec));
  const differs = (field: string, among: number[]): boolean =>
    new Set(among.map((index) => fields[index].get(field))).size > 1;
  const all = runs.map((_, index) => index);
  const names = runs.map(({ name }, index) =>
    differs("dataset", all) ? `${name}, ${fields[index].get("dataset")}` : name,
  );
  return names.map((name, index) => {
    const namesakes = all.filter((other) => names[other] === name);
    const told = [...fields[index].keys()].filter(
      (field) => !IN_LABEL.includes(field) && differs(field, namesakes),
    );
    const parts = told.map((field) => `${WORDS[field] ?? field} ${fields[index].get(field)}`);
    return [name, ...parts].join(", ");
  });
};

const WORDS: Readonly<Record<string, string>> = { weight_decay: "decay", learning_rate: "rate" };

/** The last value of a metric of the whole network; null where there is none. */
export const lastValue = ({ metrics }: RunResult, name: MetricName): number | null =>
  metrics.findLast((row) => row.name === name)?.value ?? null;
