/** The evaluation at which the network validated best: with `keep_best` its checkpoint stays. Test metrics have no say. */
import { z } from "zod";
import type { MetricRow } from "./events.js";

export const bestSoFarSchema = z.strictObject({
  /** Minibatches done by then. */
  minibatches: z.int().min(0),
  accuracy: z.number(),
  loss: z.number(),
});
export type BestSoFar = z.output<typeof bestSoFarSchema>;

/** The higher validation accuracy, of equal ones the lower loss, of equal ones the earlier. */
export const betterOf = (
  best: BestSoFar | null,
  rows: readonly MetricRow[],
  minibatches: number,
): BestSoFar | null => {
  const valueOf = (name: MetricRow["name"]): number | undefined =>
    rows.find((row) => row.name === name && row.layer === null)?.value;
  const accuracy = valueOf("validation_accuracy");
  const loss = valueOf("validation_loss");
  if (accuracy === undefined || loss === undefined) return best;
  const isBetter =
    best === null || accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss);
  return isBetter ? { minibatches, accuracy, loss } : best;
};
