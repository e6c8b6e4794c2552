/** The targets: what each is, and which rows of one run tell whether it was met. Pure. */
import type { InstructionSet } from "@pclab/engine-native";
import {
  type Found,
  type Query,
  type TargetLine,
  type Verdict,
  findRow,
  judgeRatio,
  judgeShare,
  judgeStep,
} from "./judgement.js";
import { AUTOGRAD, FASTEST, MANUAL, OPTIM, PC_TRAINER, TORCH2PC } from "./peers/variants.js";
import type { Row } from "./row.js";
import type { Table } from "./table.js";
import type { Model, Shape } from "./workload.js";

export const TARGET_SHAPES = {
  small: { width: 64, batch: 64 },
  middle: { width: 256, batch: 64 },
  large: { width: 1024, batch: 64 },
} as const satisfies Record<string, Shape>;

const { small, middle, large } = TARGET_SHAPES;

export interface Judged {
  /** The id of the engine that is judged, and the instruction set whose peak is its own. */
  engine: string;
  instructionSet: InstructionSet | null;
  /** The id of the engine on AVX2. */
  narrower: string;
}

/**
 * In the order of the targets' own table. Peers stand there as first written; a line below each asks the same of the
 * fastest way that plain PyTorch has.
 */
export const judgeTargets = (
  rows: readonly Row[],
  { engine, instructionSet, narrower }: Judged,
): TargetLine[] => {
  const find = (shape: Shape, query: Query): Found => findRow(rows, shape, query);
  const kernel = (shape: Shape, model: Model, threads = 1): Found =>
    find(shape, { source: "kernel", subject: engine, model, threads });
  const peer = (shape: Shape, model: Model, subject: string): Found =>
    find(shape, { source: "peer", model, subject, threads: 1 });

  const overPeer = (shape: Shape, model: Model, subject: string, least: number): TargetLine =>
    judgeRatio({
      what: `${model} against ${subject}, one thread`,
      shape,
      numerator: peer(shape, model, subject),
      denominator: kernel(shape, model),
      limit: { least },
    });
  const overModel = (
    shape: Shape,
    model: Model,
    base: Model,
    most: number,
    what = `${model} over ${base}`,
  ): TargetLine =>
    judgeRatio({
      what,
      shape,
      numerator: kernel(shape, model),
      denominator: kernel(shape, base),
      limit: { most },
    });

  const backpropagation = [
    overPeer(middle, "bp", OPTIM, 2.2),
    judgeStep(
      middle,
      kernel(middle, "bp"),
      find(middle, { source: "peak", instructionSet, threads: 1 }),
    ),
  ];
  const gaussNewton = [
    overModel(middle, "pc_rc3_gauss_newton", "bp", 2.7),
    overModel(middle, "pc_gauss_newton", "bp", 4),
    overModel(small, "pc_rc3_gauss_newton", "bp", 2.5),
    overModel(small, "pc_gauss_newton", "bp", 2.5),
  ].map((line) => requireOthers(line, backpropagation));

  return [
    judgeShare("phase, share of peak, one thread", middle, kernel(middle, "pc"), 0.85),
    judgeShare("phase, share of peak, one thread", large, kernel(large, "pc"), 0.8),
    judgeShare(
      "the same through the whole training loop",
      middle,
      find(middle, { source: "loop", subject: engine, model: "pc", threads: 1 }),
      0.8,
    ),
    overPeer(middle, "pc", MANUAL, 1.9),
    overPeer(middle, "pc", FASTEST, 1.9),
    overPeer(middle, "pc", AUTOGRAD, 4.5),
    overPeer(large, "pc", MANUAL, 1.6),
    overPeer(large, "pc", FASTEST, 1.6),
    overPeer(large, "pc", AUTOGRAD, 2.5),
    overPeer(middle, "pc", TORCH2PC, 7),
    overPeer(middle, "pc", PC_TRAINER, 7),
    overModel(middle, "pc_rc2", "pc", 1.3),
    overModel(middle, "pc_rc3", "pc", 1.05),
    judgeRatio({
      what: "pc, two threads over one",
      shape: middle,
      numerator: kernel(middle, "pc", 1),
      denominator: kernel(middle, "pc", 2),
      limit: { least: 1.9 },
    }),
    ...backpropagation,
    overPeer(middle, "bp", FASTEST, 2.2),
    ...gaussNewton,
    judgeShare(
      "AVX2 path, share of the AVX2 peak",
      middle,
      find(middle, { source: "kernel", subject: narrower, model: "pc", threads: 1 }),
      0.85,
    ),
  ];
};

/** A ratio to a slow bp step is no achievement: it counts only where bp met its own lines in the same run. */
const requireOthers = (line: TargetLine, others: readonly TargetLine[]): TargetLine =>
  line.verdict === "met" && others.some(({ verdict }) => verdict === "not met")
    ? { ...line, verdict: "not met", measured: `${line.measured}, but bp misses its own target` }
    : line;

export const targetTable = (lines: readonly TargetLine[]): Table => ({
  title: "Targets",
  header: ["what", "shape", "target", "verdict", "measured: medians (minima)"],
  rows: lines.map(({ what, shape, measured, target, verdict }) => [
    what,
    shape,
    target,
    verdict,
    measured,
  ]),
  notes: [
    `${count(lines, "met")} met, ${count(lines, "not met")} not met, ${count(lines, "unavailable")} unavailable.`,
  ],
});

const count = (lines: readonly TargetLine[], wanted: Verdict): number =>
  lines.filter(({ verdict }) => verdict === wanted).length;
