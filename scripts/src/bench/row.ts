/** A line of the result: what was measured, and what came out over all rounds. */
import type { InstructionSet } from "@pclab/engine-native";
import { median } from "./statistics.js";
import type { Model } from "./workload.js";

export type Source = "peak" | "kernel" | "loop" | "peer";

export interface RowKey {
  /** `peak`: multiply-adds alone. `kernel`: trainMinibatch in a loop. `loop`: core's train(). `peer`: another program. */
  source: Source;
  /** The engine's id, or the peer's name. */
  subject: string;
  /** Whose peak the rate is a share of; null where no peak can be measured. */
  instructionSet: InstructionSet | null;
  /** Null for a peak. */
  model: Model | null;
  width: number;
  batch: number;
  threads: number;
}

export interface Result {
  /** Each round's typical value: milliseconds a minibatch, or GFLOP/s for a peak. */
  rounds: number[];
  /** Milliseconds a minibatch, median over the rounds and minimum; null for a peak. */
  medianMs: number | null;
  minimumMs: number | null;
  /** At the median; null where the products are not counted. */
  gflops: number | null;
  /** 0..1, of the peak measured in the same rounds with the same threads. */
  shareOfPeak: number | null;
}

export type Row = RowKey & { result: Result | { unavailable: string } };

/** What one turn found: milliseconds a minibatch, or GFLOP/s for a peak. */
export interface Sample {
  typical: number;
  /** The shortest time, or the highest rate. */
  best: number;
}

export interface Measured {
  key: RowKey;
  flops: number | null;
  outcome: Sample[] | { unavailable: string };
}

/** The rows of things measured in the same rounds. */
export const summarise = (measured: readonly Measured[]): Row[] => {
  const rows = measured.map(rowWithoutShare);
  const peakOf = ({ instructionSet, threads }: RowKey): number | null => {
    const peak = rows.find(
      (row) =>
        row.source === "peak" && row.instructionSet === instructionSet && row.threads === threads,
    );
    return peak === undefined || "unavailable" in peak.result ? null : peak.result.gflops;
  };
  for (const row of rows) {
    if (row.source === "peak" || "unavailable" in row.result) continue;
    const peak = peakOf(row);
    const { gflops } = row.result;
    row.result.shareOfPeak = peak === null || gflops === null ? null : gflops / peak;
  }
  return rows;
};

const rowWithoutShare = ({ key, flops, outcome }: Measured): Row => {
  if ("unavailable" in outcome) return { ...key, result: outcome };
  const rounds = outcome.map(({ typical }) => typical);
  const typical = median(rounds);
  const isPeak = key.source === "peak";
  const gflops = isPeak ? typical : gflopsOf(flops, typical);
  return {
    ...key,
    result: {
      rounds,
      medianMs: isPeak ? null : typical,
      minimumMs: isPeak ? null : Math.min(...outcome.map(({ best }) => best)),
      gflops,
      shareOfPeak: null,
    },
  };
};

const gflopsOf = (flops: number | null, milliseconds: number): number | null =>
  flops === null ? null : flops / milliseconds / 1e6;
