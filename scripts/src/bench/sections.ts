/** The parts of the benchmark: what each measures, in which order, and what it prints. */
import { availableParallelism } from "node:os";
import { type InstructionSet, nativeInstructionSets } from "@pclab/engine-native";
import { type BenchData, datasetOf, largestTrainSize, proportionalSizes } from "./benchData.js";
import { type BenchEngine, benchEngine } from "./engines.js";
import { type AccuracySettings, summariseAccuracy, trainAll } from "./gaussNewton/accuracy.js";
import { studyExcess } from "./gaussNewton/excess.js";
import { accuracyTables, excessTable } from "./gaussNewton/studyTables.js";
import { measureGrid } from "./grid.js";
import { gridTables } from "./gridTable.js";
import { measureGroup, reasonOf } from "./group.js";
import { UnavailableError } from "./unavailable.js";
import { accuracySettings, excessSettings, gridOf, paceOf, roundsOf, rowShapes } from "./pacing.js";
import { type GroupPlan, measurablesOf } from "./plan.js";
import type { PeerHost } from "./peers/peerHost.js";
import { RARE_VARIANTS, VARIANTS } from "./peers/variants.js";
import type { Report } from "./report.js";
import type { BenchRequest } from "./request.js";
import type { Row } from "./row.js";
import { rowTable } from "./rowTable.js";
import type { Table } from "./table.js";
import { TARGET_SHAPES, judgeTargets, targetTable } from "./targets.js";
import { MODELS, type WorkloadSettings } from "./workload.js";

export interface Session {
  request: BenchRequest;
  engine: BenchEngine;
  data: BenchData;
  peers: PeerHost | null;
  report: Report;
  print: (table: Table) => void;
  say: (line: string) => void;
}

const settingsOf = ({ depth, steps, seed }: BenchRequest): WorkloadSettings => ({
  depth,
  steps,
  seed,
});

async function measurePlan(session: Session, plan: GroupPlan): Promise<Row[]> {
  const { request, report, say, print } = session;
  const { shape } = plan;
  const settings = settingsOf(request);
  const bench = { ...session, settings, pace: paceOf(request) };
  const rounds = roundsOf(request, shape);
  const name = `W=${shape.width} B=${shape.batch}`;
  const rows = await measureGroup({
    measurables: measurablesOf(plan, bench),
    rounds,
    onPreparing: () => say(`${name}: building and warming up`),
    onRound: (round) => say(`${name}: round ${round} of ${rounds}`),
  });
  report.groups.push({ ...shape, rows });
  print(rowTable(shape, rows));
  return rows;
}

/** Every shape: the engine with one and with all threads, through the kernel and through the loop. */
export async function runRows(session: Session): Promise<void> {
  const { request, engine } = session;
  const { models, threads } = request;
  const peaks = nativeInstructionSets();
  for (const [index, shape] of rowShapes(request).entries()) {
    await measurePlan(session, {
      shape,
      threads,
      // The other instruction sets' peaks are of no group in particular.
      peaks: index === 0 ? peaks : peaks.slice(0, 1),
      kernels: [{ engine, models, threads }],
      loops: [{ engine, models, threads }],
      variants: VARIANTS,
      peerModels: models,
    });
  }
}

/** What the targets speak of, and nothing else. */
export async function runTargets(session: Session): Promise<void> {
  const { engine, print, report } = session;
  const avx2 = benchEngine("native", "avx2");
  const rows: Row[] = [];
  for (const plan of targetPlans(engine, avx2)) rows.push(...(await measurePlan(session, plan)));
  report.targets = judgeTargets(rows, {
    engine: engine.label,
    instructionSet: engine.instructionSet,
    narrower: avx2.label,
  });
  print(targetTable(report.targets));
}

/** One thread everywhere, but for pc on two: each in the same rounds as what it is compared with. */
const targetPlans = (engine: BenchEngine, avx2: BenchEngine): GroupPlan[] => {
  const { small, middle, large } = TARGET_SHAPES;
  const threads = [1];
  const peaks: InstructionSet[] = nativeInstructionSets().filter(
    (set) => set === engine.instructionSet || set === "avx2",
  );
  const base = { threads, peaks, loops: [], variants: [], peerModels: [] };
  return [
    {
      ...base,
      shape: small,
      kernels: [{ engine, models: ["bp", "pc_gauss_newton", "pc_rc3_gauss_newton"], threads }],
    },
    {
      ...base,
      shape: middle,
      kernels: [
        { engine, models: MODELS, threads },
        ...(availableParallelism() > 1 ? [{ engine, models: ["pc" as const], threads: [2] }] : []),
        ...(avx2.label === engine.label
          ? []
          : [{ engine: avx2, models: ["pc" as const], threads }]),
      ],
      loops: [{ engine, models: ["pc", "bp", "pc_gauss_newton", "pc_rc3_gauss_newton"], threads }],
      variants: [...VARIANTS, ...RARE_VARIANTS],
      peerModels: ["pc", "bp"],
    },
    {
      ...base,
      shape: large,
      kernels: [{ engine, models: ["pc"], threads }],
      variants: VARIANTS,
      peerModels: ["pc"],
    },
  ];
};

export async function runGrid(session: Session): Promise<void> {
  const { request, engine, data, report, print, say } = session;
  const { train } = datasetOf(data, proportionalSizes(largestTrainSize(data)));
  const { widths, batches } = gridOf(request);
  for (const threads of request.threads) {
    const cells = await measureGrid({
      engine,
      threads,
      settings: settingsOf(request),
      widths,
      batches,
      examples: train,
      onWidth: (width) => say(`grid, threads ${threads}: width ${width}`),
    });
    report.grid.push({ threads, cells });
    for (const table of gridTables(cells, threads)) print(table);
  }
}

/** The study is of the real images: how soon inference settles depends on what the weights have learned. */
export async function runGaussNewton(session: Session): Promise<void> {
  const { request, engine, data, report, print, say } = session;
  const excess = excessSettings(request);
  const accuracy = accuracySettings(request);
  try {
    if (data.name === "synthetic" && !request.quick) {
      throw new UnavailableError("it needs Fashion-MNIST; `npm run datasets` brings it");
    }
    const dataset = datasetOf(data, proportionalSizes(largestTrainSize(data)));
    const studies = await studyExcess(engine, dataset, excess, (name) =>
      say(`excess of Q: ${name}`),
    );
    print(excessTable(studies, excess));
    const trainings = await trainAll(engine, data, accuracy, (model, seed) =>
      say(`accuracy: ${model}, seed ${seed}`),
    );
    const summary = summariseAccuracy(trainings);
    for (const table of accuracyTables(summary, describeAccuracy(accuracy, data))) print(table);
    report.gaussNewton = { excess: studies, trainings, accuracy: summary };
  } catch (error) {
    print({
      title: "Gauss-Newton",
      header: ["study"],
      rows: [[`unavailable: ${reasonOf(error)}`]],
      notes: [],
    });
  }
}

const describeAccuracy = (settings: AccuracySettings, { name }: BenchData): string =>
  `${name}, width ${settings.width}, ${settings.trainSize} images, ${settings.epochs} epochs, ` +
  `minibatches of ${settings.batch}, seeds ${settings.seeds.join(", ")}, threads ${settings.threads}; ` +
  "seconds of minibatches alone, median over the seeds; accuracy is the mean over them.";
