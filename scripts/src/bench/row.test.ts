import { describe, expect, test } from "vitest";
import { type Measured, type RowKey, type Source, summarise } from "./row.js";
import { rowTable } from "./rowTable.js";
import type { Model } from "./workload.js";

const key = (source: Source, threads: number, overrides: Partial<RowKey> = {}): RowKey => ({
  source,
  subject: source === "peer" ? "PyTorch manual" : "native/avx512",
  instructionSet: source === "peer" ? null : "avx512",
  model: source === "peak" ? null : "pc",
  width: 256,
  batch: 64,
  threads,
  ...overrides,
});

const samples = (...typical: number[]) =>
  typical.map((value) => ({ typical: value, best: value - 1 }));

const measured: Measured[] = [
  { key: key("peak", 1), flops: null, outcome: samples(200, 240, 220) },
  { key: key("peak", 2), flops: null, outcome: samples(440) },
  // A rate of 1e9 operations in 10 ms is 100 GFLOP/s.
  { key: key("kernel", 1), flops: 1e9, outcome: samples(10, 12, 8) },
  { key: key("kernel", 2), flops: 1e9, outcome: samples(5) },
  { key: key("peer", 1), flops: 1e9, outcome: samples(20, 22, 18) },
  { key: key("kernel", 1, { model: "bp" as Model }), flops: null, outcome: samples(1) },
  { key: key("loop", 1), flops: 1e9, outcome: { unavailable: "no data" } },
];

describe("rows of a group", () => {
  const rows = summarise(measured);

  test("hold the median over the rounds and the minimum of all", () => {
    expect(rows[2]).toMatchObject({
      result: { rounds: [10, 12, 8], medianMs: 10, minimumMs: 7, gflops: 100 },
    });
  });

  test("are shares of the peak with as many threads", () => {
    expect(rows[2]).toMatchObject({ result: { shareOfPeak: 100 / 220 } });
    expect(rows[3]).toMatchObject({ result: { gflops: 200, shareOfPeak: 200 / 440 } });
  });

  test("have no share where the products or the peak are unknown", () => {
    expect(rows[4]).toMatchObject({ result: { gflops: 50, shareOfPeak: null } });
    expect(rows[5]).toMatchObject({ result: { gflops: null, shareOfPeak: null } });
  });

  test("of what could not be measured say why", () => {
    expect(rows[6].result).toEqual({ unavailable: "no data" });
  });

  test("show the ratio to the peers of the same model and threads", () => {
    const { rows: lines } = rowTable({ width: 256, batch: 64 }, rows);
    const cell = (index: number) => lines[index].at(-1);
    expect(cell(2)).toBe("2.00 x (2.43 x) PyTorch manual");
    expect(cell(3)).toBe("");
    expect(cell(5)).toBe("");
    expect(cell(6)).toBe("unavailable: no data");
  });
});
