import { referenceEngine } from "@pclab/core";
import { syntheticDataset } from "@pclab/storage";
import { describe, expect, test } from "vitest";
import { datasetOf } from "./benchData.js";
import type { BenchEngine } from "./engines.js";
import { type GridCell, cellSteps, measureGrid } from "./grid.js";
import { gridTables, steepestFall } from "./gridTable.js";
import { UnavailableError } from "./unavailable.js";

const cell = (width: number, batch: number, gflops: number): GridCell => ({
  width,
  batch,
  gflops,
  stepMs: 1,
});

describe("the steepest fall", () => {
  test("is to the next larger width or minibatch, and to no other", () => {
    const cells = [
      cell(10, 1, 5),
      cell(10, 8, 50),
      cell(64, 1, 20),
      // Beside (64, 1) and (10, 8); a tenth of a cell that is not its neighbour is no fall.
      cell(64, 8, 100),
      cell(256, 8, 60),
    ];
    const fall = steepestFall(cells);
    expect(fall).toMatchObject({
      from: { width: 64, batch: 8 },
      to: { width: 256, batch: 8 },
      ratio: 0.6,
    });
  });

  test("passes over what could not be measured", () => {
    const cells = [cell(10, 1, 5), { width: 64, batch: 1, unavailable: "x" }, cell(256, 1, 4)];
    expect(steepestFall(cells)?.ratio).toBeCloseTo(0.8, 12);
    expect(steepestFall([cell(10, 1, 5)])).toBeNull();
  });
});

test("a cell takes fewer steps the larger it is, never fewer than two", () => {
  const steps = [
    { width: 10, batch: 1 },
    { width: 256, batch: 64 },
    { width: 4096, batch: 1024 },
  ].map((shape) => cellSteps(shape, 8));
  expect(steps).toEqual([256, 169, 2]);
});

describe("the grid", () => {
  const dataset = datasetOf(
    { name: "synthetic", files: syntheticDataset({ train: 24, test: 4, seed: 1 }) },
    { trainSize: 20, validationSize: 2, testSize: 4 },
  );
  const options = {
    threads: 1,
    settings: { depth: 2, steps: 256, seed: 0 },
    widths: [3, 5],
    batches: [1, 32],
    examples: dataset.train,
    onWidth: () => {},
  };

  test("measures every cell, also minibatches larger than the data set", async () => {
    const engine: BenchEngine = {
      label: "reference",
      instructionSet: null,
      factory: () => referenceEngine,
    };
    const cells = await measureGrid({ ...options, engine });
    expect(cells.map(({ width, batch }) => [width, batch])).toEqual([
      [3, 1],
      [3, 32],
      [5, 1],
      [5, 32],
    ]);
    for (const one of cells) expect(one).toHaveProperty("gflops");
    const [rates] = gridTables(cells, 1);
    expect(rates.header).toEqual(["W", "B=1", "B=32"]);
    expect(rates.rows.map(([width]) => width)).toEqual(["3", "5"]);
    expect(rates.notes[0]).toContain("Steepest fall");
  });

  test("says once why an engine could measure nothing", async () => {
    const engine: BenchEngine = {
      label: "native",
      instructionSet: null,
      factory: () => {
        throw new UnavailableError("not compiled");
      },
    };
    const [rates] = gridTables(await measureGrid({ ...options, engine }), 1);
    expect(rates.rows).toEqual([
      ["3", "-", "-"],
      ["5", "-", "-"],
    ]);
    expect(rates.notes).toEqual(["unavailable: not compiled"]);
  });
});
