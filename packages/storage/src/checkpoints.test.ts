import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage, fenceOf } from "../../../tests/storage.js";
import {
  CHUNK_BYTES,
  CheckpointCorruptError,
  type CheckpointRow,
  findCheckpoint,
  listCheckpoints,
  readCheckpoint,
  readCheckpointRange,
} from "./checkpoints.js";
import { recordCheckpoint } from "./liveRuns.js";
import { findOrCreateUser } from "./users.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const store = async (bytes: Uint8Array, weightUpdate = 1): Promise<CheckpointRow> => {
  const claimed = await storage.running();
  await recordCheckpoint(
    storage.database,
    fenceOf(claimed),
    { attempt: 1, weightUpdate, final: false, kept: false, bytes },
    [],
  );
  const [checkpoint] = await listCheckpoints(storage.database, claimed.id);
  return checkpoint;
};

test.each([1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])(
  "%i bytes come back as they were, in chunks of at most 4 MiB",
  async (length) => {
    const bytes = randomBytes(length);
    const checkpoint = await store(bytes);
    expect(Number(checkpoint.sizeBytes)).toBe(length);
    expect(bytes.equals(await readCheckpoint(storage.database, checkpoint))).toBe(true);
    const chunks = await storage.database.prisma.checkpointChunk.count();
    expect(chunks).toBe(Math.ceil(length / CHUNK_BYTES));
  },
);

test("any range of bytes can be read, across chunks too", async () => {
  const bytes = randomBytes(CHUNK_BYTES + 1000);
  const { id } = await store(bytes);
  for (const [first, last] of [
    [0, 0],
    [0, bytes.length - 1],
    [CHUNK_BYTES - 3, CHUNK_BYTES + 3],
    [CHUNK_BYTES, CHUNK_BYTES],
    [bytes.length - 1, bytes.length - 1],
  ]) {
    const parts: Uint8Array[] = [];
    for await (const part of readCheckpointRange(storage.database, id, { first, last })) {
      parts.push(part);
    }
    expect(Buffer.concat(parts).equals(bytes.subarray(first, last + 1)), `${first}-${last}`).toBe(
      true,
    );
  }
});

test("a newer checkpoint replaces the older ones of its run alone", async () => {
  const other = await store(randomBytes(10));
  const claimed = await storage.running();
  for (const weightUpdate of [5, 10]) {
    await recordCheckpoint(
      storage.database,
      fenceOf(claimed),
      { attempt: 1, weightUpdate, final: false, kept: false, bytes: randomBytes(10) },
      [],
    );
  }
  const left = await listCheckpoints(storage.database, claimed.id);
  expect(left.map(({ weightUpdate }) => weightUpdate)).toEqual([10]);
  expect(await storage.database.prisma.checkpointChunk.count()).toBe(2);
  expect(await readCheckpoint(storage.database, other)).toHaveLength(10);
});

test("changed bytes, and a missing chunk, are found on reading", async () => {
  const checkpoint = await store(randomBytes(CHUNK_BYTES + 10));
  const { prisma } = storage.database;
  await prisma.$executeRaw`
    UPDATE checkpoint_chunks SET data = set_byte(data, 7, 255 - get_byte(data, 7)) WHERE index = 1`;
  await expect(readCheckpoint(storage.database, checkpoint)).rejects.toThrow(
    CheckpointCorruptError,
  );
  await prisma.$executeRaw`DELETE FROM checkpoint_chunks WHERE index = 1`;
  await expect(readCheckpoint(storage.database, checkpoint)).rejects.toThrow("has no chunk 1");
});

test("the table itself refuses a chunk above 4 MiB, and an empty one", async () => {
  const { id } = await store(randomBytes(10));
  const { prisma } = storage.database;
  for (const length of [0, CHUNK_BYTES + 1]) {
    await expect(
      prisma.$executeRaw`
        INSERT INTO checkpoint_chunks (checkpoint_id, index, data)
        VALUES (${id}, 9, ${new Uint8Array(length)})`,
    ).rejects.toThrow("checkpoint_chunks_size");
  }
  await prisma.$executeRaw`
    INSERT INTO checkpoint_chunks (checkpoint_id, index, data)
    VALUES (${id}, 9, ${new Uint8Array(CHUNK_BYTES)})`;
});

test("a checkpoint is found by its owner alone", async () => {
  const { id } = await store(randomBytes(10));
  expect(await findCheckpoint(storage.database, { userId: storage.userId, id })).not.toBeNull();
  const { id: bob } = await findOrCreateUser(storage.database, "bob");
  expect(await findCheckpoint(storage.database, { userId: bob, id })).toBeNull();
});
