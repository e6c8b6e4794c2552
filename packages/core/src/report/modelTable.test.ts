import { describe, expect, test } from "vitest";
import { ANALYSIS_COLUMNS, analysisTable } from "./analysisTable.js";
import { madeUpRun } from "./madeUpRuns.js";
import { modelGroups } from "./modelGroups.js";
import { bestByValidation, modelTable } from "./modelTable.js";

const labelsOf = (specs: Record<string, unknown>[]): string[] =>
  modelGroups(specs.map((spec) => madeUpRun({ spec }))).map(({ label }) => label);

describe("the groups of a sweep", () => {
  test("are its specs but for seed, timing and kept checkpoints", () => {
    const groups = modelGroups([
      madeUpRun({ spec: { algorithm: "pc", seed: 1 } }),
      madeUpRun({ spec: { algorithm: "pc", seed: 0, timing: "exclusive", keep_checkpoints: 3 } }),
      madeUpRun({ spec: { algorithm: "pc", seed: 0, learning_rate: 1 } }),
    ]);
    expect(groups.map(({ runs }) => runs.map(({ spec }) => spec.seed))).toEqual([[0, 1], [0]]);
  });

  test("are told apart by what differs, and by no more", () => {
    expect(labelsOf([{ algorithm: "pc" }, { algorithm: "bp" }])).toEqual(["pc_64_8", "bp_64_8"]);
    expect(labelsOf([{ algorithm: "pc" }, { algorithm: "pc", dataset: "mnist" }])).toEqual([
      "pc_64_8, fashion-mnist",
      "pc_64_8, mnist",
    ]);
    expect(
      labelsOf([
        { algorithm: "bp" },
        { algorithm: "pc_rc23" },
        { algorithm: "pc_rc23", weight_decay: 1e-4, variance_decay: 1e-4 },
      ]),
    ).toEqual(["bp_64_8", "pc_64_8_rc23, decay 0", "pc_64_8_rc23, decay 1e-4"]);
    expect(labelsOf([{ algorithm: "pc" }, { algorithm: "pc", inference: { rate: 0.05 } }])).toEqual(
      ["pc_64_8, inference.rate 0.1", "pc_64_8, inference.rate 0.05"],
    );
  });
});

describe("the table", () => {
  test("has mean and spread over the seeds that have succeeded", () => {
    const [row] = modelTable([
      madeUpRun({ spec: { algorithm: "pc", seed: 0 }, testAccuracy: 0.8, secondsTo90: 4 }),
      madeUpRun({ spec: { algorithm: "pc", seed: 1 }, testAccuracy: 0.9, secondsTo90: 6 }),
      madeUpRun({ spec: { algorithm: "pc", seed: 2 }, testAccuracy: 0, state: "failed" }),
    ]);
    expect(row).toMatchObject({
      label: "pc_64_8",
      seeds: [0, 1],
      states: { succeeded: 2, failed: 1 },
      isExclusive: false,
    });
    expect(row.measures.testAccuracy.mean).toBeCloseTo(0.85, 12);
    expect(row.measures.testAccuracy.standardDeviation).toBeCloseTo(Math.SQRT1_2 / 10, 12);
    expect(row.measures.secondsTo90.mean).toBeCloseTo(5, 12);
  });

  test("of runs that have not ended has no values", () => {
    const [row] = modelTable([madeUpRun({ spec: { algorithm: "pc" }, state: "running" })]);
    expect(row.measures.testAccuracy).toEqual({
      n: 0,
      mean: null,
      interval: null,
      standardDeviation: null,
    });
    expect(modelTable([])).toEqual([]);
  });
});

test("the best of several groups is the best by validation, whatever its test accuracy", () => {
  const groups = modelGroups([
    madeUpRun({
      spec: { algorithm: "pc", learning_rate: 1e-3 },
      validationAccuracy: 0.9,
      testAccuracy: 0.7,
    }),
    madeUpRun({
      spec: { algorithm: "pc", learning_rate: 1e-4 },
      validationAccuracy: 0.8,
      testAccuracy: 0.9,
    }),
  ]);
  expect(bestByValidation(groups)?.spec.learningRate).toBe(1e-3);
  expect(bestByValidation([])).toBeNull();
});

test("the table of analyses has what was found, and leaves out models of which nothing was", () => {
  const rows = analysisTable([
    madeUpRun({ spec: { algorithm: "pc", seed: 0 }, negativeCurvature: 10, cosine: 0.9 }),
    madeUpRun({ spec: { algorithm: "pc", seed: 1 }, negativeCurvature: 20, cosine: 0.7 }),
    madeUpRun({ spec: { algorithm: "bp" } }),
  ]);
  expect(rows.map(({ label }) => label)).toEqual(["pc_64_8"]);
  const of = (title: string) =>
    rows[0].values[ANALYSIS_COLUMNS.findIndex((column) => column.title.startsWith(title))];
  expect(of("points of negative")).toMatchObject({ n: 2, mean: 15 });
  expect(of("cosine").mean).toBeCloseTo(0.8, 12);
  expect(of("excess")).toMatchObject({ n: 0, mean: null });
});
