/** What one run of the benchmark found: printed as tables, kept as JSON. */
import type { AccuracySummary, Training } from "./gaussNewton/accuracy.js";
import type { ExcessStudy } from "./gaussNewton/excess.js";
import type { GpuCell } from "./gpu/gpuCells.js";
import type { GridCell } from "./grid.js";
import type { Machine } from "./machine.js";
import type { BenchRequest } from "./request.js";
import type { Row } from "./row.js";
import type { TargetLine } from "./judgement.js";
import type { Shape } from "./workload.js";

export interface Report {
  /** ISO 8601, UTC. */
  date: string;
  commit: string | null;
  machine: Machine;
  request: BenchRequest;
  engine: string;
  data: string;
  /** What PyTorch says of itself, or why there is none; null without --peer. */
  peer: Record<string, unknown> | null;
  /** Rows of one group were measured in the same rounds. */
  groups: (Shape & { rows: Row[] })[];
  targets: TargetLine[];
  grid: { threads: number; cells: GridCell[] }[];
  gpu: GpuCell[];
  gaussNewton: {
    excess: ExcessStudy[];
    trainings: Training[];
    accuracy: AccuracySummary | null;
  } | null;
}

/** Sentences above the tables. */
export const headLines = ({
  date,
  commit,
  machine,
  engine,
  data,
  peer,
  request,
}: Report): string[] => [
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; instruction sets: ` +
    (machine.instructionSets.join(", ") || "none (the native engine cannot start)"),
  `Node ${machine.node} on ${machine.platform}; ${date}; commit ${commit ?? "unknown"}`,
  `engine ${engine}; data ${data}; threads ${request.threads.join(", ")}; seed ${request.seed}; ` +
    `${request.depth} hidden layers, ${request.steps} steps`,
  ...(peer === null
    ? []
    : [
        `peer ${Object.entries(peer)
          .map(([name, value]) => `${name}: ${String(value)}`)
          .join("; ")}`,
      ]),
];
