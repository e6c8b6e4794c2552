/** What an estimate says of a claim: decided where its 95 % interval lies wholly on one side of a stated margin. */
import type { DifferenceEstimate, Interval } from "../analysis/statistics.js";

export type Verdict = "holds" | "does_not_hold" | "undecided";

/** `within` is an equivalence: the interval lies between -margin and margin. */
export type Rule =
  | { is: "above"; margin: number }
  | { is: "below"; margin: number }
  | { is: "within"; margin: number };

export interface Decision {
  verdict: Verdict;
  /** Why it is undecided; else null. */
  reason: string | null;
}

export const decide = ({ n, interval }: DifferenceEstimate, rule: Rule): Decision => {
  if (n === 0) return undecided("there are no values of both");
  if (interval === null)
    return undecided("one seed says nothing about the spread; two or more are needed");
  if (holds(interval, rule)) return { verdict: "holds", reason: null };
  if (fails(interval, rule)) return { verdict: "does_not_hold", reason: null };
  return undecided(
    "the interval over seeds reaches to both sides of the margin; more seeds would decide",
  );
};

export const undecided = (reason: string): Decision => ({ verdict: "undecided", reason });

const holds = ({ low, high }: Interval, { is, margin }: Rule): boolean => {
  if (is === "above") return low > margin;
  if (is === "below") return high < margin;
  return low > -margin && high < margin;
};

const fails = ({ low, high }: Interval, { is, margin }: Rule): boolean => {
  if (is === "above") return high <= margin;
  if (is === "below") return low >= margin;
  return low >= margin || high <= -margin;
};

/** A claim of all its parts: one that fails is enough against it, and one that is open leaves it open. */
export const allOf = (verdicts: readonly Verdict[]): Verdict => {
  if (verdicts.includes("does_not_hold")) return "does_not_hold";
  return verdicts.length > 0 && verdicts.every((one) => one === "holds") ? "holds" : "undecided";
};

/** A claim of some case: one that holds is enough for it. */
export const anyOf = (verdicts: readonly Verdict[]): Verdict => {
  if (verdicts.includes("holds")) return "holds";
  return verdicts.length > 0 && verdicts.every((one) => one === "does_not_hold")
    ? "does_not_hold"
    : "undecided";
};
