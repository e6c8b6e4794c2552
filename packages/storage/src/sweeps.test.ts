import { createHash } from "node:crypto";
import { readStoredSpec } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestStorage, anySpec } from "../../../tests/storage.js";
import {
  IDEMPOTENCY_KEY_DAYS,
  IdempotencyKeyInFlightError,
  IdempotencyKeyReusedError,
} from "./idempotency.js";
import { findRun, listRuns } from "./runs.js";
import { findSweep, listSweeps, storeSweep } from "./sweeps.js";
import { findOrCreateUser } from "./users.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const newSweep = (runs = [anySpec()]) => ({
  userId: storage.userId,
  name: "a sweep",
  request: { base: { algorithm: "bp" } },
  runs,
});

const keyed = (key: string, body: string) => ({
  claim: {
    userId: storage.userId,
    key,
    bodySha256: new Uint8Array(createHash("sha256").update(body).digest()),
  },
  answer: ({ id }: { id: string }) => ({ id }),
});

const countSweeps = () => storage.database.prisma.sweep.count();

test("a sweep is stored with its runs in order, each with its whole spec", async () => {
  const specs = [anySpec({ seed: 3 }), anySpec({ algorithm: "pc_rc23", width: 16, depth: 2 })];
  const { sweep, runIds } = await storage.submit(specs);
  const runs = await listRuns(storage.database, {
    userId: storage.userId,
    sweepId: sweep.id,
    limit: 10,
    after: null,
  });
  expect(runs.map(({ id }) => id)).toEqual(runIds);
  expect(runs.map(({ name }) => name)).toEqual(["bp_4_1", "pc_16_2_rc23"]);
  expect(runs.map(({ spec }) => readStoredSpec(spec))).toEqual(specs);
  expect(sweep.counts.queued).toBe(2);
});

test("a sweep of which one run cannot be stored leaves nothing behind", async () => {
  const impossible = { ...anySpec(), epochs: 10_000, trainSize: 2 ** 31 };
  const attempt = storeSweep(
    storage.database,
    newSweep([anySpec(), impossible]),
    keyed("k", "body"),
  );
  await expect(attempt).rejects.toThrow("out of range");
  expect(await countSweeps()).toBe(0);
  expect(await storage.database.prisma.run.count()).toBe(0);
  expect(await storage.database.prisma.idempotencyKey.count()).toBe(0);
});

test("ten thousand runs are stored in one go", async () => {
  const { sweep } = await storage.submit(Array.from({ length: 10_000 }, () => anySpec()));
  expect(sweep.counts.queued).toBe(10_000);
  const key = { userId: storage.userId, id: sweep.id };
  expect((await findSweep(storage.database, key))?.counts.queued).toBe(10_000);
});

describe("with an idempotency key", () => {
  test("the same body is answered as the first time, and stored once", async () => {
    const first = await storeSweep(storage.database, newSweep(), keyed("k", "body"));
    const again = await storeSweep(storage.database, newSweep(), keyed("k", "body"));
    if (!("stored" in first)) throw new Error("the first request was replayed");
    expect(again).toEqual({ replayed: { status: 201, response: { id: first.stored.id } } });
    expect(await countSweeps()).toBe(1);
  });

  test("another body is refused, another user's key is another key", async () => {
    await storeSweep(storage.database, newSweep(), keyed("k", "body"));
    await expect(storeSweep(storage.database, newSweep(), keyed("k", "other"))).rejects.toThrow(
      IdempotencyKeyReusedError,
    );
    const { id: userId } = await findOrCreateUser(storage.database, "bob");
    const bobs = keyed("k", "other");
    const result = await storeSweep(
      storage.database,
      { ...newSweep(), userId },
      { ...bobs, claim: { ...bobs.claim, userId } },
    );
    expect(result).toHaveProperty("stored");
  });

  test("of many requests at once one is stored, and the others say so or replay it", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        storeSweep(storage.database, newSweep(), keyed("k", "body")),
      ),
    );
    expect(await countSweeps()).toBe(1);
    const stored = results.filter(
      (result) => result.status === "fulfilled" && "stored" in result.value,
    );
    expect(stored).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") {
        expect(result.reason).toBeInstanceOf(IdempotencyKeyInFlightError);
      }
    }
  });

  test("a key is forgotten after its days", async () => {
    await storeSweep(storage.database, newSweep(), keyed("k", "body"));
    await storage.database.prisma.$executeRaw`
      UPDATE idempotency_keys SET created_at = now() - make_interval(days => ${IDEMPOTENCY_KEY_DAYS}, hours => 1)`;
    const result = await storeSweep(storage.database, newSweep(), keyed("k", "other"));
    expect(result).toHaveProperty("stored");
  });
});

test("lists come in pages that neither overlap nor leave gaps", async () => {
  const ids = [];
  for (let index = 0; index < 5; index++) ids.push((await storage.submit([anySpec()])).sweep.id);
  const seen: string[] = [];
  let after: string | null = null;
  for (;;) {
    const page = await listSweeps(storage.database, { userId: storage.userId, limit: 2, after });
    seen.push(...page.map(({ id }) => id));
    after = page.at(-1)?.id ?? null;
    if (page.length < 2) break;
  }
  expect(seen).toEqual(ids.reverse());
});

test("one user sees neither the sweeps nor the runs of another", async () => {
  const { sweep, runIds } = await storage.submit([anySpec()]);
  const { id: userId } = await findOrCreateUser(storage.database, "bob");
  expect(await findSweep(storage.database, { userId, id: sweep.id })).toBeNull();
  expect(await findRun(storage.database, { userId, id: runIds[0] })).toBeNull();
  expect(await listSweeps(storage.database, { userId, limit: 10, after: null })).toEqual([]);
  expect(await listRuns(storage.database, { userId, limit: 10, after: null })).toEqual([]);
});
