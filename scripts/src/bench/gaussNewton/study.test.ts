import { referenceEngine } from "@pclab/core";
import { syntheticDataset } from "@pclab/storage";
import { describe, expect, test } from "vitest";
import { type BenchData, datasetOf } from "../benchData.js";
import type { BenchEngine } from "../engines.js";
import { ACCURACY_MODELS, type Training, summariseAccuracy, trainAll } from "./accuracy.js";
import { type ExcessSettings, type ExcessStudy, studyExcess } from "./excess.js";
import { accuracyTables, excessTable } from "./studyTables.js";

const engine: BenchEngine = {
  label: referenceEngine.id,
  instructionSet: null,
  factory: () => referenceEngine,
};

const data: BenchData = {
  name: "synthetic",
  files: syntheticDataset({ train: 60, test: 20, seed: 1 }),
};

const excessSettings: ExcessSettings = {
  workload: { depth: 2, steps: 32, seed: 0 },
  batch: 4,
  widths: [6],
  trainingMinibatches: 5,
  equilibriumSteps: 4000,
  reached: 1e-3,
  mostOuterIterations: 6,
  rounds: 2,
  threads: 1,
};

describe("the excess of Q", () => {
  test("falls below what is asked in a few outer iterations, for pc and rc3, dense and cg", async () => {
    const dataset = datasetOf(data, { trainSize: 60, validationSize: 0, testSize: 20 });
    const names: string[] = [];
    const studies = await studyExcess(engine, dataset, excessSettings, (name) => names.push(name));
    expect(names).toEqual(["pc, width 6", "pc_rc3, width 6"]);
    expect(studies.map(({ algorithm }) => algorithm)).toEqual(["pc", "pc_rc3"]);
    for (const { gradientExcess, gradientMs, solvers } of studies) {
      // Gradient steps come down to the equilibrium from above.
      expect(gradientExcess).toBeGreaterThan(0);
      expect(gradientExcess).toBeLessThan(1);
      expect(gradientMs).toBeGreaterThan(0);
      expect(solvers.map(({ solver }) => solver)).toEqual(["dense", "cg"]);
      for (const { excess, iterations, speedup } of solvers) {
        expect(excess).toHaveLength(6);
        expect(iterations).toBe(excess.findIndex((value) => value < 1e-3) + 1);
        expect(speedup).toBeGreaterThan(0);
      }
    }
  });

  test("that is never reached has no time and meets nothing", async () => {
    const dataset = datasetOf(data, { trainSize: 60, validationSize: 0, testSize: 20 });
    const settings = { ...excessSettings, reached: -1, equilibriumSteps: 64 };
    const studies = await studyExcess(engine, dataset, settings, () => {});
    const unreached = studies.flatMap(({ solvers }) => solvers);
    for (const { iterations, milliseconds, speedup } of unreached) {
      expect([iterations, milliseconds, speedup]).toEqual([null, null, null]);
    }
    const { rows } = excessTable(studies, settings);
    for (const row of rows) expect(row.slice(5)).toEqual(["not reached", "-", "-", "not met"]);
  });

  test("is judged by the faster solver", () => {
    const solver = (speedup: number) => ({
      excess: [1e-4],
      iterations: 1,
      milliseconds: 1,
      speedup,
    });
    const study = (dense: number, cg: number): ExcessStudy => ({
      algorithm: "pc",
      width: 64,
      batch: 64,
      gradientExcess: 0.1,
      gradientMs: 10,
      solvers: [
        { solver: "dense", ...solver(dense) },
        { solver: "cg", ...solver(cg) },
      ],
    });
    const verdicts = [study(9, 5), study(7, 8), study(7, 7.9)].map((one) =>
      excessTable([one], excessSettings).rows.map((row) => row.at(-1)),
    );
    expect(verdicts).toEqual([
      ["met", ""],
      ["", "met"],
      ["", "not met"],
    ]);
  });
});

describe("the accuracy", () => {
  test("comes from every model on every seed", async () => {
    const trained: string[] = [];
    const trainings = await trainAll(
      engine,
      data,
      {
        workload: { depth: 2, steps: 8 },
        width: 6,
        batch: 8,
        seeds: [3, 4],
        trainSize: 40,
        testSize: 20,
        epochs: 1,
        threads: 1,
      },
      (model, seed) => trained.push(`${model} ${seed}`),
    );
    expect(trained).toEqual([3, 4].flatMap((seed) => ACCURACY_MODELS.map((m) => `${m} ${seed}`)));
    for (const { accuracy, epochSeconds } of trainings) {
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
      expect(epochSeconds).toBeGreaterThan(0);
    }
    const { models, differences } = summariseAccuracy(trainings);
    expect(models.map(({ model }) => model)).toEqual(ACCURACY_MODELS);
    expect(differences.map(({ algorithm }) => algorithm)).toEqual(["pc", "pc_rc3"]);
  });

  /** Seeds in another order than their pairs: it is the seed that pairs them. */
  const trainings = (points: number[]): Training[] =>
    points.flatMap((point, seed): Training[] => {
      const of = (model: Training["model"], accuracy: number, epochSeconds: number) => ({
        model,
        seed,
        accuracy,
        epochSeconds,
      });
      return [
        of("bp", 0.85, 1),
        of("pc_gauss_newton", 0.8 + point / 100, 2),
        of("pc_rc3_gauss_newton", 0.85, 3),
        of("pc", 0.8, 50),
        of("pc_rc3", 0.85, 60),
      ];
    });

  test("is compared in pairs, in points", () => {
    const { differences, models } = summariseAccuracy(trainings([-1, 0, 1, 2, 3]).toReversed());
    expect(differences[0].points.mean).toBeCloseTo(1, 10);
    expect(differences[0].points.high).toBeCloseTo(1 + 2.776 * Math.SQRT1_2, 10);
    expect(differences[1].points.mean).toBe(0);
    expect(models.find(({ model }) => model === "pc_gauss_newton")?.overBp).toBe(2);
  });

  test("meets its bound with its whole interval, not with its mean", () => {
    const verdicts = [
      [-1, 0, 1, 2, 3],
      [-0.1, 0, 0.1, 0.05, 0],
      [-2, -2.1, -1.9, -2, -2],
    ].map((points) => accuracyTables(summariseAccuracy(trainings(points)), "")[1].rows[0].at(-1));
    expect(verdicts).toEqual(["not met", "met", "not met"]);
  });
});
