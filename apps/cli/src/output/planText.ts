/** What a sweep would be. */
import type { planSchema } from "@pclab/contracts";
import type { z } from "zod";
import { duration } from "./quantities.js";
import { type TableOptions, renderTable } from "./table.js";
import { printable } from "./text.js";

type Plan = z.output<typeof planSchema>;

const MOST_NAMES = 30;

export const planText = (plan: Plan, options: TableOptions): string => {
  const { name, run_count, analysis_count, runs } = plan;
  const names = new Map<string, number>();
  for (const run of runs) names.set(run.name, (names.get(run.name) ?? 0) + 1);
  const rows = [...names].map(([runName, count]) => ({ runName, count }));
  const analyses = analysis_count === 0 ? "" : ` and ${analysis_count} analyses`;
  const lines = renderTable(
    [
      { title: "run", value: ({ runName }) => runName },
      { title: "times", value: ({ count }) => String(count), align: "right" },
    ],
    rows.slice(0, MOST_NAMES),
    options,
  );
  const hidden = rows.length - MOST_NAMES;
  return [
    `${printable(name)}: ${run_count} run${run_count === 1 ? "" : "s"}${analyses}; ${estimateText(plan)}`,
    "",
    ...lines,
    ...(hidden > 0 ? [`… and ${hidden} more names`] : []),
    "",
    "Nothing was stored. --json shows every run with its defaults.",
    "",
  ].join("\n");
};

const estimateText = (plan: Plan): string => {
  const { estimated_seconds, estimated_slot_seconds, estimate_basis, estimate_reason } = plan;
  const slots = `${duration(estimated_slot_seconds)} on one core (${estimate_basis})`;
  if (estimated_seconds !== null) return `about ${duration(estimated_seconds)} here, ${slots}`;
  return `about ${slots}${estimate_reason === null ? "" : `; ${printable(estimate_reason)}`}`;
};
