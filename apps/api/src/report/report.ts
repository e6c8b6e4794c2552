/** What a report says, before it is HTML or Markdown. */
import {
  type AnalysisTableRow,
  type ClaimAnswer,
  type ModelRow,
  type RunResult,
  analysisTable,
  answerClaims,
  modelTable,
  printSpec,
} from "@pclab/core";
import { type SweepRow, type Database, readResults } from "@pclab/storage";
import { viewSweep } from "../views/sweepView.js";
import { PLOTS } from "./figures.js";
import { type Network, networksOf } from "./networks.js";

/** Of a larger sweep the first so many: a page of more is none that anybody reads. */
export const MOST_RUNS = 1000;

export interface Report {
  id: string;
  name: string;
  state: string;
  createdAt: Date;
  runCount: number;
  /** Of the runs, and of their analyses, how many are in which state. */
  runStates: string;
  analysisStates: string;
  /** What every run has, field by field. */
  settings: [string, string][];
  models: ModelRow[];
  analyses: AnalysisTableRow[];
  /** Null where the sweep is not the paper's. */
  claims: ClaimAnswer[] | null;
  figures: ReportFigure[];
  runs: RunResult[];
  environment: Environment[];
}

export interface ReportFigure {
  plot: string;
  network: Network;
  caption: string;
}

/** One for each kind of machine, engine and version that runs were trained with. */
export interface Environment {
  runs: number;
  facts: [string, string][];
}

export const readReport = async (database: Database, sweep: SweepRow): Promise<Report> => {
  const { results, manifests } = await readResults(
    database,
    { userId: sweep.userId, sweepId: sweep.id },
    MOST_RUNS,
  );
  const { state, run_count } = viewSweep(sweep);
  return {
    id: sweep.id,
    name: sweep.name,
    state,
    createdAt: sweep.createdAt,
    runCount: run_count,
    runStates: countsText(sweep.counts),
    analysisStates: countsText(sweep.analyses),
    settings: commonSettings(results),
    models: modelTable(results),
    analyses: analysisTable(results),
    claims: sweep.preset === "paper" ? answerClaims(results) : null,
    figures: networksOf(results).flatMap((network) =>
      Object.entries(PLOTS)
        .filter(([, { has }]) => has(network))
        .map(([plot, { caption }]) => ({ plot, network, caption })),
    ),
    runs: results,
    environment: environmentsOf(manifests),
  };
};

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(", ") || "none";

/** Fields in which no two runs differ; of the others the table of models tells. */
const commonSettings = (runs: readonly RunResult[]): [string, string][] => {
  const [first, ...others] = runs.map(({ spec }) => leavesOf(printSpec(spec)));
  if (first === undefined) return [];
  return [...first].filter(([field, value]) =>
    others.every((fields) => fields.get(field) === value),
  );
};

const leavesOf = (value: unknown, path = ""): Map<string, string> => {
  if (typeof value !== "object" || value === null) return new Map([[path, String(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...leavesOf(inner, path === "" ? key : `${path}.${key}`),
    ]),
  );
};

/** Manifests but for what is each run's own. */
const environmentsOf = (manifests: readonly unknown[]): Environment[] => {
  const found = new Map<string, Environment>();
  for (const manifest of manifests) {
    const { spec: _, seed: __, pack: ___, ...rest } = manifest as Record<string, unknown>;
    const facts = [...leavesOf(rest)];
    const key = JSON.stringify(facts);
    const known = found.get(key) ?? { runs: 0, facts };
    known.runs += 1;
    found.set(key, known);
  }
  return [...found.values()];
};
