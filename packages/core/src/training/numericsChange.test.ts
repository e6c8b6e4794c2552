import { expect, test } from "vitest";
import { numericsChangesIn, numericsChangesOf } from "./numericsChange.js";

const change = (from: string, to: string, weightUpdate: number) => ({
  from,
  to,
  weight_update: weightUpdate,
});
const listing = (...changes: unknown[]) => ({ seed: 3, numerics_changed: changes });

test("an attempt on its checkpoint's engine changes nothing, and a fresh start has no past", () => {
  expect(numericsChangesOf(null, { engineId: "a", weightUpdate: 10 }, "a")).toEqual([]);
  expect(numericsChangesOf(listing(change("a", "b", 10)), null, "b")).toEqual([]);
});

test("an attempt on another engine is a change at its checkpoint", () => {
  expect(numericsChangesOf({ seed: 3 }, { engineId: "a", weightUpdate: 10 }, "b")).toEqual([
    change("a", "b", 10),
  ]);
});

test("changes add up from checkpoint to checkpoint", () => {
  const first = numericsChangesOf(null, { engineId: "a", weightUpdate: 10 }, "b");
  const second = numericsChangesOf(listing(...first), { engineId: "b", weightUpdate: 20 }, "c");
  expect(second).toEqual([change("a", "b", 10), change("b", "c", 20)]);
  const third = numericsChangesOf(listing(...second), { engineId: "c", weightUpdate: 30 }, "c");
  expect(third).toEqual(second);
});

test("the change of an attempt that left no checkpoint is forgotten with its weights", () => {
  const manifest = listing(change("a", "b", 10));
  const sameCheckpoint = { engineId: "a", weightUpdate: 10 };
  expect(numericsChangesOf(manifest, sameCheckpoint, "a")).toEqual([]);
  expect(numericsChangesOf(manifest, sameCheckpoint, "b")).toEqual([change("a", "b", 10)]);
});

test.each([null, undefined, {}, 3, listing("b"), listing({ from: "a", to: "b" }), []])(
  "a manifest like %j lists no change",
  (manifest) => {
    expect(numericsChangesIn(manifest)).toEqual([]);
  },
);
