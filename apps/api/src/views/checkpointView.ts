import type { checkpointSchema } from "@pclab/contracts";
import type { CheckpointRow } from "@pclab/storage";
import type { z } from "zod";

export const sha256Hex = ({ sha256 }: CheckpointRow): string => Buffer.from(sha256).toString("hex");

export const viewCheckpoint = (checkpoint: CheckpointRow): z.output<typeof checkpointSchema> => ({
  id: checkpoint.id,
  run_id: checkpoint.runId,
  attempt: checkpoint.attempt,
  weight_update: checkpoint.weightUpdate,
  final: checkpoint.final,
  kept: checkpoint.kept,
  best: checkpoint.best,
  size_bytes: Number(checkpoint.sizeBytes),
  sha256: sha256Hex(checkpoint),
  created_at: checkpoint.createdAt.toISOString(),
});
