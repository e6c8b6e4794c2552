/** In which fields of their specs runs differ, beside what their name and their seed say. */
import type { RunBody } from "@pclab/contracts";
import { canonicalJson, flattenSpec } from "@pclab/core";
import { cell } from "./quantities.js";
import type { TableColumn } from "./table.js";

const NAMED = new Set(["algorithm", "width", "depth", "seed"]);

/** A column a field, those with the most values first; of a table on a narrow terminal they are the first to go. */
export const differingColumns = (
  runs: readonly RunBody[],
  most: number,
): TableColumn<RunBody>[] => {
  const values = new Map<string, Set<string>>();
  for (const { spec } of runs) {
    for (const [field, value] of Object.entries(flattenSpec(spec))) {
      if (NAMED.has(field)) continue;
      const seen = values.get(field) ?? new Set<string>();
      seen.add(canonicalJson(value ?? null));
      values.set(field, seen);
    }
  }
  return [...values]
    .filter(([, seen]) => seen.size > 1)
    .sort(([, a], [, b]) => b.size - a.size)
    .slice(0, most)
    .map(([field], place) => ({
      title: field,
      value: ({ spec }) => cell(flattenSpec(spec)[field]),
      align: "right",
      dropOrder: 10 + place,
    }));
};
