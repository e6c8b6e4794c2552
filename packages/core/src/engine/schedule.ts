/** How the learning rates change over a run: a pure function of the weight update's number. */
import type { Schedule } from "../experiment/spec.js";

/**
 * The factor on every learning rate at weight update `update`, 0..total - 1.
 *
 * With a warm-up over W = round(warmup * total) updates it rises linearly, (update + 1) / W, and is 1 at update W - 1;
 * then half a cosine leads down to `final`, which the last update has exactly.
 */
export const scheduleFactor = (schedule: Schedule, update: number, total: number): number => {
  if (schedule === "constant") return 1;
  const { warmup, final } = schedule.warmupCosine;
  const warmupUpdates = Math.round(warmup * total);
  if (update < warmupUpdates) return (update + 1) / warmupUpdates;
  const remaining = Math.max(1, total - warmupUpdates);
  const progress = Math.min(1, (update - warmupUpdates + 1) / remaining);
  return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
};
