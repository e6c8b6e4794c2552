/**
 * Where a run went on with another engine than the one that wrote its checkpoint: from there on it is no longer, byte for
 * byte, what either engine gives alone. A run's manifest lists these changes under `numerics_changed`.
 */
import { z } from "zod";

export const numericsChangeSchema = z.object({
  from: z.string().meta({ description: "the id of the engine that wrote the checkpoint" }),
  to: z.string().meta({ description: "the id of the engine that went on from it" }),
  weight_update: z.int().min(0).meta({ description: "the checkpoint's" }),
});
export type NumericsChange = z.output<typeof numericsChangeSchema>;

const manifestSchema = z.object({ numerics_changed: z.array(numericsChangeSchema) });

/** The changes that a stored manifest lists; none in one that was written before there were any. */
export const numericsChangesIn = (manifest: unknown): NumericsChange[] =>
  manifestSchema.safeParse(manifest).data?.numerics_changed ?? [];

export interface Resumption {
  /** Of the checkpoint. */
  engineId: string;
  weightUpdate: number;
}

/**
 * The changes behind the weights of an attempt on engine `engineId`: those behind its checkpoint, and its own. A change
 * of an attempt that left no checkpoint went with that attempt's weights.
 *
 * @param manifest of the attempts before, as it is stored; null where there is none
 * @param resumption null for a fresh start
 */
export const numericsChangesOf = (
  manifest: unknown,
  resumption: Resumption | null,
  engineId: string,
): NumericsChange[] => {
  if (resumption === null) return [];
  const { engineId: from, weightUpdate } = resumption;
  const before = numericsChangesIn(manifest).filter((one) => one.weight_update < weightUpdate);
  if (from === engineId) return before;
  return [...before, { from, to: engineId, weight_update: weightUpdate }];
};
