/** The answer to a claim, and the steps that all of them are made with. */
import {
  type DifferenceEstimate,
  type Interval,
  estimateMean,
  estimatePairedDifference,
} from "../../analysis/statistics.js";
import type { Algorithm } from "../../experiment/vocabulary.js";
import type { ModelGroup } from "../modelGroups.js";
import type { RunResult } from "../runResult.js";
import { type Decision, type Rule, type Verdict, allOf, decide, undecided } from "../verdict.js";

export interface ClaimPart {
  /** Which network, and which of its models. */
  subject: string;
  /** What was measured, in words with the means: "pc 83.9 %, bp 84.6 %". */
  values: string;
  /** In `unit`; null where there is nothing to estimate. */
  estimate: number | null;
  interval: Interval | null;
  unit: string;
  /** Cohen's d of the paired differences; null for a plain mean. */
  effectSize: number | null;
  /** That the estimate is over. */
  seeds: number;
  verdict: Verdict;
  reason: string | null;
}

export interface ClaimAnswer {
  /** 1 to 14, as docs/EQUATIONS.md numbers them. */
  number: number;
  claim: string;
  /** What was computed, and when the claim is said to hold. */
  statistic: string;
  parts: ClaimPart[];
  verdict: Verdict;
}

/** The models of one network without weight decay, one group for each algorithm. */
export interface NetworkModels {
  dataset: string;
  width: number;
  /** "fashion-mnist, width 256". */
  name: string;
  models: ReadonlyMap<Algorithm, ModelGroup>;
  /** Groups of the same algorithms that validation has not chosen. */
  others: readonly ModelGroup[];
}

/** What is compared, in the unit that people read; `unit` "times" is compared by its logarithm. */
export interface Quantity {
  name: string;
  unit: string;
  of: (run: RunResult) => number | null;
  print: (value: number) => string;
}

/** Left less right, or left over right, paired by seed. */
export const comparePart = (
  subject: string,
  quantity: Quantity,
  [left, right]: readonly [ModelGroup | undefined, ModelGroup | undefined],
  rule: Rule & { as: "difference" | "ratio" },
): ClaimPart => {
  const pairs = pairsOf(quantity, left, right);
  const isRatio = rule.as === "ratio";
  const usable = isRatio ? pairs.filter(([a, b]) => a > 0 && b > 0) : pairs;
  const side = (at: 0 | 1) => usable.map((pair) => (isRatio ? Math.log(pair[at]) : pair[at]));
  const estimate = estimatePairedDifference(side(0), side(1));
  const shown = (value: number): number => (isRatio ? Math.exp(value) : value);
  const decision: Decision =
    left === undefined || right === undefined
      ? undecided("the sweep has no run of both models")
      : usable.length === 0
        ? undecided(`there is no ${quantity.name} of both models under one seed`)
        : decide(estimate, isRatio ? { ...rule, margin: Math.log(rule.margin) } : rule);
  return {
    subject,
    values: [left, right]
      .map((group, at) =>
        meanText(
          group,
          quantity,
          pairs.map((pair) => pair[at]),
        ),
      )
      .join(", "),
    estimate: estimate.difference === null ? null : shown(estimate.difference),
    interval: estimate.interval === null ? null : shownInterval(estimate.interval, shown),
    unit: isRatio ? "times" : quantity.unit,
    effectSize: estimate.effectSize,
    seeds: usable.length,
    ...decision,
  };
};

/** The mean of one model. */
export const meanPart = (
  subject: string,
  quantity: Quantity,
  group: ModelGroup | undefined,
  rule: Rule,
): ClaimPart => {
  const values = (group?.succeeded ?? []).flatMap((run) => quantity.of(run) ?? []);
  const { n, mean, interval } = estimateMean(values);
  const estimate: DifferenceEstimate = { n, difference: mean, interval, effectSize: null };
  const decision: Decision =
    values.length === 0
      ? undecided(
          group === undefined
            ? "the sweep has no run of it"
            : `there is no ${quantity.name} of ${group.label}`,
        )
      : decide(estimate, rule);
  return {
    subject,
    values: meanText(group, quantity, values),
    estimate: mean,
    interval,
    unit: quantity.unit,
    effectSize: null,
    seeds: n,
    ...decision,
  };
};

export const openPart = (subject: string, reason: string): ClaimPart => ({
  subject,
  values: "",
  estimate: null,
  interval: null,
  unit: "",
  effectSize: null,
  seeds: 0,
  ...undecided(reason),
});

/** Values of both under one seed. */
const pairsOf = (
  { of }: Quantity,
  left: ModelGroup | undefined,
  right: ModelGroup | undefined,
): [number, number][] =>
  (left?.succeeded ?? []).flatMap((run) => {
    const partner = right?.succeeded.find(({ spec }) => spec.seed === run.spec.seed);
    const a = of(run);
    const b = partner === undefined ? null : of(partner);
    return a === null || b === null ? [] : [[a, b] as [number, number]];
  });

const meanText = (
  group: ModelGroup | undefined,
  { print }: Quantity,
  values: readonly number[],
): string => {
  const { mean } = estimateMean(values);
  return group === undefined || mean === null ? "" : `${group.label} ${print(mean)}`;
};

const shownInterval = (interval: Interval, shown: (value: number) => number): Interval => ({
  ...interval,
  low: shown(interval.low),
  high: shown(interval.high),
});

/** A claim that holds where all its parts do; without any part it is open, because of what is `missing`. */
export const answerOf = (
  number: number,
  claim: string,
  { statistic, parts, missing }: { statistic: string; parts: ClaimPart[]; missing: string },
  combine: (verdicts: readonly Verdict[]) => Verdict = allOf,
): ClaimAnswer => {
  const all = parts.length > 0 ? parts : [openPart("any network", missing)];
  return {
    number,
    claim,
    statistic,
    parts: all,
    verdict: combine(all.map((part) => part.verdict)),
  };
};
