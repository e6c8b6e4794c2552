/** One target's judgement: a share, a ratio or a time from measured rows, beside its bound. Pure. */
import type { InstructionSet } from "@pclab/engine-native";
import { digits, percent, times } from "./format.js";
import { quotient } from "./rowTable.js";
import type { Result, Row, Source } from "./row.js";
import type { Model, Shape } from "./workload.js";

export type Verdict = "met" | "not met" | "unavailable";

export interface TargetLine {
  what: string;
  shape: string;
  /** The value and, in brackets, that of the minima; or why there is none. */
  measured: string;
  target: string;
  verdict: Verdict;
}

/** Rates and limits are of AVX-512 with this peak of one core, in GFLOP/s; a bp step's limit is scaled by the peak. */
const NOMINAL_PEAK = 245;
const NOMINAL_BP_MS = 1.4;

export interface Query {
  source?: Source;
  subject?: string;
  instructionSet?: InstructionSet | null;
  model?: Model;
  threads?: number;
}

export type Found = Result | { unavailable: string };

export const findRow = (rows: readonly Row[], shape: Shape, query: Query): Found => {
  const entries = Object.entries({ ...shape, ...query }) as [keyof Row, unknown][];
  const row = rows.find((candidate) => entries.every(([name, value]) => candidate[name] === value));
  return row?.result ?? { unavailable: "not measured in this run" };
};

const shapeName = ({ width, batch }: Shape): string => `W=${width}, B=${batch}`;

const unavailableLine = (
  line: Pick<TargetLine, "what" | "shape" | "target">,
  reason: string,
): TargetLine => ({ ...line, measured: `unavailable: ${reason}`, verdict: "unavailable" });

export const judgeShare = (what: string, shape: Shape, found: Found, least: number): TargetLine => {
  const line = { what, shape: shapeName(shape), target: `at least ${percent(least)}` };
  if ("unavailable" in found) return unavailableLine(line, found.unavailable);
  const { shareOfPeak } = found;
  if (shareOfPeak === null) return unavailableLine(line, "no peak was measured beside it");
  const verdict = shareOfPeak >= least ? "met" : "not met";
  return { ...line, measured: percent(shareOfPeak), verdict };
};

export interface RatioTarget {
  what: string;
  shape: Shape;
  numerator: Found;
  denominator: Found;
  limit: { least: number } | { most: number };
}

/** Of medians; the ratio of minima stands in brackets. */
export const judgeRatio = ({
  what,
  shape,
  numerator,
  denominator,
  limit,
}: RatioTarget): TargetLine => {
  const isLeast = "least" in limit;
  const bound = isLeast ? `at least ${times(limit.least)}` : `at most ${times(limit.most)}`;
  const line = { what, shape: shapeName(shape), target: bound };
  for (const found of [numerator, denominator]) {
    if ("unavailable" in found) return unavailableLine(line, found.unavailable);
  }
  const [above, below] = [numerator as Result, denominator as Result];
  const ratio = quotient(above.medianMs, below.medianMs);
  if (ratio === null) return unavailableLine(line, "it has no time");
  const met = isLeast ? ratio >= limit.least : ratio <= limit.most;
  const minima = quotient(above.minimumMs, below.minimumMs);
  return {
    ...line,
    measured: `${times(ratio)} (${times(minima)})`,
    verdict: met ? "met" : "not met",
  };
};

export const judgeStep = (shape: Shape, step: Found, peak: Found): TargetLine => {
  const line = {
    what: `bp step with Adam, one thread: ${NOMINAL_BP_MS} ms at a peak of ${NOMINAL_PEAK} GFLOP/s`,
    shape: shapeName(shape),
    target: "-",
  };
  if ("unavailable" in step) return unavailableLine(line, step.unavailable);
  if ("unavailable" in peak) return unavailableLine(line, peak.unavailable);
  const { medianMs, minimumMs } = step;
  if (peak.gflops === null || medianMs === null) return unavailableLine(line, "it has no time");
  const mostMs = (NOMINAL_BP_MS * NOMINAL_PEAK) / peak.gflops;
  return {
    ...line,
    target: `at most ${digits(mostMs)} ms`,
    measured: `${digits(medianMs)} ms (${digits(minimumMs)} ms)`,
    verdict: medianMs <= mostMs ? "met" : "not met",
  };
};
