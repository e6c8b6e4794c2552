/** The orders in which runs can be listed, each made total by the run's id, so that a page ends at one place. */
import type { Prisma } from "./generated/prisma/client.js";

/** What a list can be sorted by, and the column that holds it. */
export const RUN_SORT_COLUMNS = {
  created_at: "id",
  name: "name",
  started_at: "startedAt",
  finished_at: "finishedAt",
  "metrics.train_loss": "trainLoss",
  "metrics.train_accuracy": "trainAccuracy",
  "metrics.validation_loss": "validationLoss",
  "metrics.validation_accuracy": "validationAccuracy",
  "metrics.test_loss": "testLoss",
  "metrics.test_accuracy": "testAccuracy",
  "metrics.train_seconds": "trainSeconds",
} as const satisfies Record<string, keyof Prisma.RunOrderByWithRelationInput>;

export type RunSortKey = keyof typeof RUN_SORT_COLUMNS;
export const RUN_SORT_KEYS = Object.keys(RUN_SORT_COLUMNS) as [RunSortKey, ...RunSortKey[]];

export interface RunSort {
  by: RunSortKey;
  descending: boolean;
}

/** A place in a sorted list: behind the run with this value and id. */
export interface RunCursor {
  id: string;
  /** Of the column sorted by; null where it is. */
  value: string | number | null;
}

/** Columns that are never null: the others put what has no value last, whichever way they are sorted. */
const ALWAYS_SET: readonly string[] = ["id", "name"];

export const sortOrder = ({ by, descending }: RunSort): Prisma.RunOrderByWithRelationInput[] => {
  const column = RUN_SORT_COLUMNS[by];
  const sort = descending ? "desc" : "asc";
  if (column === "id") return [{ id: sort }];
  const order = ALWAYS_SET.includes(column)
    ? { [column]: sort }
    : { [column]: { sort, nulls: "last" } };
  return [order, { id: "asc" }];
};

/** What comes behind a place in that order. */
export const sortedAfter = (
  { by, descending }: RunSort,
  { id, value }: RunCursor,
): Prisma.RunWhereInput => {
  const column = RUN_SORT_COLUMNS[by];
  if (column === "id") return { id: descending ? { lt: id } : { gt: id } };
  if (value === null) return { [column]: null, id: { gt: id } };
  const further = descending ? { lt: value } : { gt: value };
  return {
    OR: [
      { [column]: further },
      { [column]: value, id: { gt: id } },
      ...(ALWAYS_SET.includes(column) ? [] : [{ [column]: null }]),
    ],
  };
};

/** The place behind a run in that order. */
export const cursorOf = (
  run: { id: string } & Record<(typeof RUN_SORT_COLUMNS)[RunSortKey], unknown>,
  { by }: RunSort,
): RunCursor => {
  const value = run[RUN_SORT_COLUMNS[by]];
  if (value instanceof Date) return { id: run.id, value: value.toISOString() };
  return {
    id: run.id,
    value: typeof value === "string" || typeof value === "number" ? value : null,
  };
};
