/** Checkpoints: safetensors bytes in chunk rows, so that no single value is too large for the server or for memory. */
import { createHash } from "node:crypto";
import type { Database, Transaction } from "./database.js";
import type { Checkpoint } from "./generated/prisma/client.js";
import { newId } from "./ids.js";
import { type Viewer, runsInReach } from "./reach.js";

export type CheckpointRow = Checkpoint;

export const CHUNK_BYTES = 4 * 1024 * 1024;

export interface NewCheckpoint {
  attempt: number;
  weightUpdate: number;
  final: boolean;
  /** It stays when newer ones come. */
  kept: boolean;
  /** Of the evaluation that validated best so far: it stays until the next such comes. */
  best?: boolean;
  bytes: Uint8Array;
}

/** The stored bytes are not those that were written. */
export class CheckpointCorruptError extends Error {
  override name = "CheckpointCorruptError";
}

export const insertCheckpoint = async (
  transaction: Transaction,
  runId: string,
  { attempt, weightUpdate, final, kept, best = false, bytes }: NewCheckpoint,
): Promise<string> => {
  const id = newId("ckpt");
  await transaction.checkpoint.create({
    data: {
      id,
      runId,
      attempt,
      weightUpdate,
      final,
      kept,
      best,
      sizeBytes: bytes.byteLength,
      sha256: new Uint8Array(createHash("sha256").update(bytes).digest()),
    },
  });
  for (let index = 0; index * CHUNK_BYTES < bytes.byteLength; index++) {
    const start = index * CHUNK_BYTES;
    const data = new Uint8Array(bytes.subarray(start, start + CHUNK_BYTES));
    await transaction.$executeRaw`
      INSERT INTO checkpoint_chunks (checkpoint_id, index, data) VALUES (${id}, ${index}::int, ${data})`;
  }
  return id;
};

/** A run goes on from its newest; of the others those stay that are to be kept, and the best. */
export const deleteOlderCheckpoints = async (
  transaction: Transaction,
  runId: string,
  newest: { id: string; best: boolean },
): Promise<void> => {
  const older = { runId, id: { not: newest.id } };
  if (newest.best) {
    await transaction.checkpoint.updateMany({
      where: { ...older, best: true },
      data: { best: false },
    });
  }
  await transaction.checkpoint.deleteMany({ where: { ...older, kept: false, best: false } });
};

export const findCheckpoint = async (
  { prisma }: Database,
  { id, ...viewer }: Viewer & { id: string },
): Promise<CheckpointRow | null> =>
  prisma.checkpoint.findFirst({ where: { id, run: { deletedAt: null, ...runsInReach(viewer) } } });

export const listCheckpoints = async (
  { prisma }: Database,
  runId: string,
): Promise<CheckpointRow[]> =>
  prisma.checkpoint.findMany({ where: { runId }, orderBy: { weightUpdate: "asc" } });

/** The bytes [first, last] of a checkpoint, chunk by chunk. */
export async function* readCheckpointRange(
  { prisma }: Database,
  id: string,
  { first, last }: { first: number; last: number },
): AsyncGenerator<Uint8Array> {
  for (let index = Math.floor(first / CHUNK_BYTES); index * CHUNK_BYTES <= last; index++) {
    const chunk = await prisma.checkpointChunk.findUnique({
      where: { checkpointId_index: { checkpointId: id, index } },
    });
    if (chunk === null) throw new CheckpointCorruptError(`checkpoint ${id} has no chunk ${index}`);
    const start = index * CHUNK_BYTES;
    yield chunk.data.subarray(
      Math.max(0, first - start),
      Math.min(chunk.data.length, last - start + 1),
    );
  }
}

/** The whole checkpoint, checked against its SHA-256. */
export const readCheckpoint = async (
  database: Database,
  checkpoint: CheckpointRow,
): Promise<Uint8Array> => {
  const bytes = new Uint8Array(Number(checkpoint.sizeBytes));
  let offset = 0;
  if (bytes.length > 0) {
    for await (const part of readCheckpointRange(database, checkpoint.id, {
      first: 0,
      last: bytes.length - 1,
    })) {
      bytes.set(part, offset);
      offset += part.length;
    }
  }
  const sha256 = createHash("sha256").update(bytes).digest();
  if (Buffer.compare(sha256, checkpoint.sha256) !== 0) {
    throw new CheckpointCorruptError(
      `checkpoint ${checkpoint.id}: the stored bytes do not have its sha256`,
    );
  }
  return bytes;
};
