/** What a sweep would be: its runs, and how long they would take at the pace this server has measured. */
import type { planSchema } from "@pclab/contracts";
import { type Sweep, forecastTrainSeconds, printRunName, printSpec } from "@pclab/core";
import { capacity, listMeasuredRuns } from "@pclab/storage";
import type { z } from "zod";
import type { AppContext } from "../context.js";

/** Finished runs that a forecast looks at. */
const MEASURED_RUNS = 100;

export const planSweep = async (
  { database, leaseMs }: AppContext,
  { name, runs }: Sweep,
): Promise<z.output<typeof planSchema>> => {
  const [measured, { slots }] = await Promise.all([
    listMeasuredRuns(database, MEASURED_RUNS),
    capacity(database, leaseMs),
  ]);
  const forecasts = runs.map((spec) => forecastTrainSeconds(spec, measured));
  const slotSeconds = forecasts.reduce<number | null>(
    (sum, seconds) => (sum === null || seconds === null ? null : sum + seconds),
    0,
  );
  return {
    dry_run: true,
    name,
    run_count: runs.length,
    estimated_slot_seconds: slotSeconds,
    estimated_seconds: slotSeconds === null || slots === 0 ? null : slotSeconds / slots,
    estimate_reason:
      slotSeconds === null
        ? "no run has finished on this server yet, so there is no measured pace"
        : slots === 0
          ? "no worker is connected"
          : null,
    runs: runs.map((spec) => ({ name: printRunName(spec), spec: printSpec(spec) })),
  };
};
