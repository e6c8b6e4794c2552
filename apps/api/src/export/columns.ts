/** The tables that leave the lab: their columns, with types that Parquet and a notebook keep. */
import { type SpecWire, flattenSpec } from "@pclab/core";
import { type RunRow, SHOWN_METRICS } from "@pclab/storage";

export type CellType = "STRING" | "INT32" | "DOUBLE" | "BOOLEAN";
export type Cell = string | number | boolean | null;

export interface Column {
  name: string;
  type: CellType;
}

export const METRIC_COLUMNS: readonly Column[] = [
  { name: "run_id", type: "STRING" },
  { name: "name", type: "STRING" },
  { name: "seed", type: "DOUBLE" },
  { name: "weight_update", type: "INT32" },
  { name: "metric", type: "STRING" },
  { name: "layer", type: "INT32" },
  { name: "value", type: "DOUBLE" },
];

const RUN_COLUMNS: readonly Column[] = [
  { name: "run_id", type: "STRING" },
  { name: "sweep_id", type: "STRING" },
  { name: "index", type: "INT32" },
  { name: "name", type: "STRING" },
  { name: "state", type: "STRING" },
  { name: "reason", type: "STRING" },
  { name: "engine", type: "STRING" },
  { name: "attempt", type: "INT32" },
  { name: "tags", type: "STRING" },
  { name: "duplicate_of", type: "STRING" },
  { name: "created_at", type: "STRING" },
  { name: "started_at", type: "STRING" },
  { name: "finished_at", type: "STRING" },
  { name: "epoch", type: "DOUBLE" },
  { name: "weight_updates", type: "INT32" },
  ...SHOWN_METRICS.map((name): Column => ({ name, type: "DOUBLE" })),
];

/** What a spec adds: a field of several types over runs, or of none, is text. */
export const runColumns = (runs: readonly RunRow[]): Column[] => {
  const types = new Map<string, CellType | null>();
  for (const { spec } of runs) {
    for (const [field, value] of Object.entries(flattenSpec(spec as SpecWire))) {
      const before = types.get(field) ?? null;
      const type = typeOf(value);
      types.set(
        field,
        before === null || type === null || before === type ? (type ?? before) : "STRING",
      );
    }
  }
  return [
    ...RUN_COLUMNS,
    ...[...types].map(
      ([field, type]): Column => ({ name: `spec.${field}`, type: type ?? "STRING" }),
    ),
  ];
};

const typeOf = (value: unknown): CellType | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return "DOUBLE";
  return typeof value === "boolean" ? "BOOLEAN" : "STRING";
};

export const runCells = (run: RunRow, columns: readonly Column[]): Record<string, Cell> => {
  const spec = flattenSpec(run.spec as SpecWire);
  const known: Record<string, Cell> = {
    run_id: run.id,
    sweep_id: run.sweepId,
    index: run.indexInSweep,
    name: run.name,
    state: run.state,
    reason: run.reason,
    engine: run.engine,
    attempt: run.attempt,
    tags: run.tags.join(","),
    duplicate_of: run.duplicateOf,
    created_at: run.createdAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    finished_at: run.finishedAt?.toISOString() ?? null,
    epoch: run.progressEpoch,
    weight_updates: run.weightUpdates,
    train_loss: run.trainLoss,
    train_accuracy: run.trainAccuracy,
    validation_loss: run.validationLoss,
    validation_accuracy: run.validationAccuracy,
    test_loss: run.testLoss,
    test_accuracy: run.testAccuracy,
    train_seconds: run.trainSeconds,
  };
  return Object.fromEntries(
    columns.map(({ name, type }) => [
      name,
      name.startsWith("spec.")
        ? asCell(spec[name.slice("spec.".length)], type)
        : (known[name] ?? null),
    ]),
  );
};

const asCell = (value: unknown, type: CellType): Cell => {
  if (value === null || value === undefined) return null;
  if (type !== "STRING") return value as number | boolean;
  return typeof value === "string" ? value : JSON.stringify(value);
};
