import { describe, expect, test } from "vitest";
import { measureGroup } from "./group.js";
import type { Measurable } from "./measurable.js";
import { UnavailableError } from "./unavailable.js";

interface Told {
  prepared: string[];
  disposed: string[];
}

const thing = (subject: string, told: Told, overrides: Partial<Measurable> = {}): Measurable => ({
  key: {
    source: "kernel",
    subject,
    instructionSet: null,
    model: "pc",
    width: 8,
    batch: 4,
    threads: 1,
  },
  flops: 1e6,
  prepare: async () => void told.prepared.push(subject),
  run: async () => ({ typical: 2, best: 1 }),
  dispose: async () => void told.disposed.push(subject),
  ...overrides,
});

const nothingTold = (): Told => ({ prepared: [], disposed: [] });

describe("a group", () => {
  test("measures everything in every round and says which round it is", async () => {
    const told = nothingTold();
    const rounds: number[] = [];
    const measurables = [thing("a", told), thing("b", told)];
    const rows = await measureGroup({
      measurables,
      rounds: 3,
      onPreparing: () => expect(told.prepared).toEqual([]),
      onRound: (r) => rounds.push(r),
    });
    expect(rounds).toEqual([1, 2, 3]);
    for (const row of rows) expect(row.result).toMatchObject({ rounds: [2, 2, 2], gflops: 0.5 });
    expect(told).toEqual({ prepared: ["a", "b"], disposed: ["a", "b"] });
  });

  test.each(["prepare", "run"] as const)(
    "gives the reason of what cannot %s, and measures the rest",
    async (where) => {
      const told = nothingTold();
      const failing = async () => {
        throw new UnavailableError("no such unit");
      };
      const rows = await measureGroup({
        measurables: [thing("a", told, { [where]: failing }), thing("b", told)],
        rounds: 2,
        onPreparing: () => {},
        onRound: () => {},
      });
      expect(rows[0].result).toEqual({ unavailable: "no such unit" });
      expect(rows[1].result).toMatchObject({ rounds: [2, 2] });
      expect(told.disposed).toEqual(["a", "b"]);
    },
  );

  test("ends at a fault of the program, with everything released", async () => {
    const told = nothingTold();
    const faulty = thing("a", told, {
      run: async () => {
        throw new Error("a fault");
      },
    });
    const measuring = measureGroup({
      measurables: [faulty, thing("b", told)],
      rounds: 2,
      onPreparing: () => {},
      onRound: () => {},
    });
    await expect(measuring).rejects.toThrow("a fault");
    expect(told.disposed).toEqual(["a", "b"]);
  });
});
