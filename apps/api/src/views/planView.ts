/** What a sweep would be: its runs and their analyses, and how long they would take. */
import type { planSchema } from "@pclab/contracts";
import { type Sweep, printRunName, printSpec } from "@pclab/core";
import { capacity } from "@pclab/storage";
import type { z } from "zod";
import type { AppContext } from "../context.js";
import type { Forecast } from "../forecast.js";

export const planSweep = async (
  { database, leaseMs }: AppContext,
  { name, runs, tpe }: Sweep,
  { trainingSeconds, analyses, basis }: Forecast,
): Promise<z.output<typeof planSchema>> => {
  const { slots } = await capacity(database, leaseMs);
  const slotSeconds = analyses.reduce(
    (sum, { estimatedSeconds }) => sum + estimatedSeconds,
    trainingSeconds,
  );
  return {
    dry_run: true,
    name,
    run_count: tpe?.samples ?? runs.length,
    analysis_count: analyses.length,
    estimated_slot_seconds: slotSeconds,
    estimate_basis: basis,
    estimated_seconds: slots === 0 ? null : slotSeconds / slots,
    estimate_reason: slots === 0 ? "no worker is connected" : null,
    runs: runs.map((spec, index) => ({
      name: printRunName(spec),
      spec: printSpec(spec),
      analyses: analyses.filter(({ run }) => run === index).map(({ settings }) => settings),
    })),
  };
};
