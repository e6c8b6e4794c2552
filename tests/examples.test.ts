import { readFileSync } from "node:fs";
import { expandSweep } from "@pclab/core";
import { describe, expect, test } from "vitest";
import { parseYaml } from "../apps/api/src/http/bodies.js";

const runsOf = (file: string) => {
  const text = readFileSync(new URL(`../examples/${file}`, import.meta.url), "utf8");
  const expanded = expandSweep(parseYaml(text));
  if (!expanded.ok) throw new Error(JSON.stringify(expanded.problems));
  return expanded.value.runs;
};

const MODELS = ["bp", "pc", "pc_rc2", "pc_rc3", "pc_rc23"];

describe("the examples", () => {
  test("first.yaml trains each of the five models once", () => {
    const runs = runsOf("first.yaml");
    expect(runs.map(({ algorithm }) => algorithm).sort()).toEqual([...MODELS].sort());
    expect(runs.every(({ width, depth }) => width === 64 && depth === 8)).toBe(true);
  });

  test("paper.yaml is five models, two widths and three seeds, at the paper's settings", () => {
    const runs = runsOf("paper.yaml");
    expect(runs).toHaveLength(MODELS.length * 2 * 3);
    expect(new Set(runs.map(({ width }) => width))).toEqual(new Set([256, 1024]));
    for (const { depth, inference, trainSize, validationSize } of runs) {
      expect([depth, inference.steps, trainSize + validationSize]).toEqual([8, 256, 60_000]);
    }
  });

  test("search.yaml begins with runs of its space, and has validation images to compare them by", () => {
    const runs = runsOf("search.yaml");
    expect(runs).toHaveLength(8);
    for (const { learningRate, validationSize, epochs } of runs) {
      expect(learningRate).toBeGreaterThan(1e-5);
      expect(learningRate).toBeLessThan(1e-2);
      expect(validationSize).toBeGreaterThan(0);
      expect(epochs).toBe(9);
    }
  });
});
