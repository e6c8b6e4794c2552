/** Runs with all that they measured and that their analyses found, as reports and figures want them. */
import {
  type AnalysisFinding,
  type AnalysisSettings,
  type MetricName,
  type MetricRow,
  type RunResult,
  readStoredSpec,
} from "@pclab/core";
import type { Database } from "./database.js";
import { type Viewer, runsInReach } from "./reach.js";
import { asRunRow } from "./runs.js";

export type RunKeys = Viewer & ({ sweepId: string } | { id: string });

/** Metrics that a report does not use are left out: those of a large sweep are many. */
const REPORTED: readonly MetricName[] = [
  "epoch",
  "weight_updates",
  "train_loss",
  "validation_loss",
  "validation_accuracy",
  "test_loss",
  "test_accuracy",
  "train_seconds",
];

/** In the order of the sweep, at most `limit`; with the manifests of the same runs. */
export const readResults = async (
  { prisma }: Database,
  { userId, reach, ...keys }: RunKeys,
  limit: number,
): Promise<{ results: RunResult[]; manifests: unknown[] }> => {
  const runs = await prisma.run.findMany({
    where: {
      ...keys,
      deletedAt: null,
      ...runsInReach({ userId, ...(reach === undefined ? {} : { reach }) }),
    },
    orderBy: { indexInSweep: "asc" },
    take: limit,
  });
  const ids = runs.map(({ id }) => id);
  const [metrics, findings] = await Promise.all([metricsOf(prisma, ids), findingsOf(prisma, ids)]);
  return {
    manifests: runs.flatMap(({ manifest }) => (manifest === null ? [] : [manifest])),
    results: runs.map(asRunRow).map((run) => ({
      id: run.id,
      index: run.indexInSweep,
      name: run.name,
      spec: readStoredSpec(run.spec),
      state: run.state,
      reason: run.reason,
      reasonDetail: run.reasonDetail,
      engine: run.engine,
      metrics: metrics.get(run.id) ?? [],
      analyses: findings.get(run.id) ?? [],
    })),
  };
};

const metricsOf = async (
  prisma: Database["prisma"],
  runIds: string[],
): Promise<Map<string, MetricRow[]>> => {
  const rows = await prisma.$queryRaw<
    { run_id: string; weight_update: number; name: MetricName; value: number }[]
  >`
    SELECT run_id, weight_update, name, value FROM metrics
    WHERE run_id = ANY(${runIds}::text[]) AND name = ANY(${[...REPORTED]}::text[]) AND layer = 0
    ORDER BY run_id, weight_update, name`;
  const found = new Map<string, MetricRow[]>();
  for (const { run_id, weight_update, name, value } of rows) {
    const ofRun = found.get(run_id) ?? [];
    ofRun.push({ weightUpdate: weight_update, name, layer: null, value });
    found.set(run_id, ofRun);
  }
  return found;
};

/** Of the run's last checkpoint alone: what an analysis of an earlier one found is not the run's. */
const findingsOf = async (
  prisma: Database["prisma"],
  runIds: string[],
): Promise<Map<string, AnalysisFinding[]>> => {
  const analyses = await prisma.analysis.findMany({
    where: { runId: { in: runIds }, state: "succeeded", checkpointId: null },
    orderBy: { id: "asc" },
  });
  const ids = analyses.filter(({ kind }) => kind === "landscape").map(({ id }) => id);
  const values = await prisma.$queryRaw<{ analysis_id: string; values: (number | null)[] }[]>`
    SELECT analysis_id, array_agg(value ORDER BY index) AS values FROM analysis_points
    WHERE analysis_id = ANY(${ids}::text[]) GROUP BY analysis_id`;
  const valuesOf = new Map(values.map((row) => [row.analysis_id, row.values]));
  const found = new Map<string, AnalysisFinding[]>();
  for (const { id, runId, settings, result } of analyses) {
    const stored = settings as AnalysisSettings;
    // The worker wrote the result of these settings.
    const finding = { kind: stored.kind, settings: stored, result } as unknown as AnalysisFinding;
    const complete =
      finding.kind === "landscape" ? { ...finding, values: valuesOf.get(id) ?? [] } : finding;
    found.set(runId, [...(found.get(runId) ?? []), complete]);
  }
  return found;
};
