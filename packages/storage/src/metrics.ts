/** Metric rows. Written with `unnest`: createMany takes 40 times as long. */
import type { MetricName, MetricRow } from "@pclab/core";
import type { Database, Transaction } from "./database.js";

/** Repeating a batch whose answer was lost changes nothing. */
export const insertMetrics = async (
  transaction: Transaction,
  runId: string,
  rows: readonly MetricRow[],
): Promise<void> => {
  if (rows.length === 0) return;
  await transaction.$executeRaw`
    INSERT INTO metrics (run_id, weight_update, name, layer, value)
    SELECT ${runId}, new.weight_update, new.name, new.layer, new.value
    FROM unnest(
      ${rows.map(({ weightUpdate }) => weightUpdate)}::int[],
      ${rows.map(({ name }) => name)}::text[],
      ${rows.map(({ layer }) => layer ?? 0)}::smallint[],
      ${rows.map(({ value }) => value)}::float8[]
    ) AS new(weight_update, name, layer, value)
    ON CONFLICT (run_id, name, layer, weight_update) DO UPDATE SET value = excluded.value`;
};

/** Rows of an attempt that outlived its last checkpoint are measured again by the next. */
export const deleteMetricsAfter = async (
  transaction: Transaction,
  runId: string,
  weightUpdate: number,
): Promise<void> => {
  await transaction.$executeRaw`
    DELETE FROM metrics WHERE run_id = ${runId} AND weight_update > ${weightUpdate}`;
};

/** In the order of training, then by name and layer. */
export const listMetrics = async (
  { prisma }: Database,
  { runId }: { runId: string },
): Promise<MetricRow[]> => {
  const rows = await prisma.metric.findMany({
    where: { runId },
    orderBy: [{ weightUpdate: "asc" }, { name: "asc" }, { layer: "asc" }],
    select: { weightUpdate: true, name: true, layer: true, value: true },
  });
  return rows.map(({ weightUpdate, name, layer, value }) => ({
    weightUpdate,
    name: name as MetricName,
    layer: layer === 0 ? null : layer,
    value,
  }));
};

/** The last value of some metrics for each of the runs. */
export const lastMetrics = async (
  { prisma }: Database,
  runIds: readonly string[],
  names: readonly MetricName[],
): Promise<Map<string, Partial<Record<MetricName, number>>>> => {
  const rows = await prisma.$queryRaw<{ run_id: string; name: MetricName; value: number }[]>`
    SELECT DISTINCT ON (run_id, name) run_id, name, value FROM metrics
    WHERE run_id = ANY(${[...runIds]}::text[]) AND name = ANY(${[...names]}::text[]) AND layer = 0
    ORDER BY run_id, name, weight_update DESC`;
  const byRun = new Map<string, Partial<Record<MetricName, number>>>();
  for (const { run_id, name, value } of rows) {
    byRun.set(run_id, { ...byRun.get(run_id), [name]: value });
  }
  return byRun;
};
