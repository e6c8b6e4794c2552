/** The table of one group: what each thing took, its share of the peak, and how many times faster than the peers. */
import { digits, percent, times } from "./format.js";
import type { Result, Row } from "./row.js";
import type { Table } from "./table.js";
import type { Shape } from "./workload.js";

const HEADER = [
  "what",
  "model",
  "threads",
  "median ms",
  "minimum ms",
  "GFLOP/s",
  "of peak",
  "over peers, medians (minima)",
];

export const rowTable = ({ width, batch }: Shape, rows: readonly Row[]): Table => ({
  title: `W=${width} B=${batch}`,
  header: HEADER,
  rows: rows.map((row) => [
    row.source === "peer" ? row.subject : `${row.source} ${row.subject}`,
    row.model ?? "",
    String(row.threads),
    ...("unavailable" in row.result
      ? [`unavailable: ${row.result.unavailable}`]
      : cellsOf(row, row.result, rows)),
  ]),
  notes: [],
});

const cellsOf = (row: Row, result: Result, rows: readonly Row[]): string[] => [
  digits(result.medianMs),
  digits(result.minimumMs),
  digits(result.gflops),
  percent(result.shareOfPeak),
  row.source === "kernel" || row.source === "loop" ? ratiosToPeers(row, result, rows) : "",
];

const ratiosToPeers = (row: Row, result: Result, rows: readonly Row[]): string =>
  rows
    .flatMap((peer) => {
      const comparable =
        peer.source === "peer" && peer.model === row.model && peer.threads === row.threads;
      if (!comparable || "unavailable" in peer.result) return [];
      const medians = quotient(peer.result.medianMs, result.medianMs);
      const minima = quotient(peer.result.minimumMs, result.minimumMs);
      return [`${times(medians)} (${times(minima)}) ${peer.subject}`];
    })
    .join(", ");

export const quotient = (numerator: number | null, denominator: number | null): number | null =>
  numerator === null || denominator === null ? null : numerator / denominator;
