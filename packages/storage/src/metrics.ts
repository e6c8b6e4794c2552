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
  await showLast(transaction, runId, rows);
};

/** The columns of a run that lists show and sort by. */
export const SHOWN_METRICS = [
  "train_loss",
  "train_accuracy",
  "validation_loss",
  "validation_accuracy",
  "test_loss",
  "test_accuracy",
  "train_seconds",
] as const satisfies readonly MetricName[];
export type ShownMetric = (typeof SHOWN_METRICS)[number];

const showLast = async (
  transaction: Transaction,
  runId: string,
  rows: readonly MetricRow[],
): Promise<void> => {
  const last = (name: ShownMetric): number | null =>
    rows
      .filter((row) => row.name === name && row.layer === null)
      .reduce<MetricRow | null>(
        (newest, row) =>
          newest === null || row.weightUpdate >= newest.weightUpdate ? row : newest,
        null,
      )?.value ?? null;
  const values = SHOWN_METRICS.map(last);
  if (values.every((value) => value === null)) return;
  const [
    trainLoss,
    trainAccuracy,
    validationLoss,
    validationAccuracy,
    testLoss,
    testAccuracy,
    seconds,
  ] = values;
  await transaction.$executeRaw`
    UPDATE runs SET
      train_loss = COALESCE(${trainLoss}::float8, train_loss),
      train_accuracy = COALESCE(${trainAccuracy}::float8, train_accuracy),
      validation_loss = COALESCE(${validationLoss}::float8, validation_loss),
      validation_accuracy = COALESCE(${validationAccuracy}::float8, validation_accuracy),
      test_loss = COALESCE(${testLoss}::float8, test_loss),
      test_accuracy = COALESCE(${testAccuracy}::float8, test_accuracy),
      train_seconds = COALESCE(${seconds}::float8, train_seconds)
    WHERE id = ${runId}`;
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
  database: Database,
  { runId }: { runId: string },
): Promise<MetricRow[]> => (await listMetricsOfRuns(database, [runId])).get(runId) ?? [];

export const listMetricsOfRuns = async (
  { prisma }: Database,
  runIds: readonly string[],
): Promise<Map<string, MetricRow[]>> => {
  const rows = await prisma.metric.findMany({
    where: { runId: { in: [...runIds] } },
    orderBy: [{ weightUpdate: "asc" }, { name: "asc" }, { layer: "asc" }],
  });
  const byRun = new Map<string, MetricRow[]>(runIds.map((id) => [id, []]));
  for (const { runId, weightUpdate, name, layer, value } of rows) {
    byRun.get(runId)?.push({
      weightUpdate,
      name: name as MetricName,
      layer: layer === 0 ? null : layer,
      value,
    });
  }
  return byRun;
};
