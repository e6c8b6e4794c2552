import { describe, expect, test } from "vitest";
import { smallSpec } from "../training/smallRun.js";
import { packKeyOf } from "./packKey.js";

const keyOf = (wire: Record<string, unknown>, engineId = "native/avx2"): string | null =>
  packKeyOf(smallSpec({ algorithm: "pc", ...wire }), engineId);

describe("a run joins a pack of", () => {
  test.each([
    ["another seed", { seed: 3 }],
    ["other rates", { learning_rate: 0.5, inference: { rate: 0.01 } }],
    ["another optimiser and decay", { optimiser: "sgd", weight_decay: 0.1 }],
    ["another schedule", { schedule: { warmup_cosine: { warmup: 0.1, final: 0.1 } } }],
    ["a relaxed condition 2", { algorithm: "pc_rc2" }],
    ["a relaxed condition 3", { algorithm: "pc_rc3" }],
    ["both", { algorithm: "pc_rc23" }],
    ["another length", { epochs: 9, evaluate_every: 1 }],
    ["another data set", { dataset: "mnist", train_size: 20 }],
    ["another initialisation", { initialisation: "xavier" }],
  ])("%s", (_, wire) => {
    expect(keyOf(wire)).toBe(keyOf({}));
  });
});

describe("a run does not join a pack of", () => {
  test.each([
    ["another width", { width: 7 }],
    ["another depth", { depth: 3 }],
    ["another activation", { activation: "relu" }],
    ["another output activation", { output_activation: "tanh" }],
    ["the other node convention", { node: "amb" }],
    ["biases", { bias: true }],
    ["another batch size", { batch_size: 5 }],
    ["backpropagation, which has no activity steps", { algorithm: "bp" }],
    ["more activity steps", { inference: { steps: 16 } }],
    ["another inference method", { inference: { method: "gauss_newton" } }],
  ])("%s", (_, wire) => {
    expect(keyOf(wire)).not.toBeNull();
    expect(keyOf(wire)).not.toBe(keyOf({}));
  });

  test("another engine, precision or instruction set", () => {
    expect(keyOf({}, "native/avx512")).not.toBe(keyOf({}));
    expect(keyOf({}, "reference/float64")).not.toBe(keyOf({}));
  });
});

test("a run that wants its worker for itself joins none", () => {
  expect(keyOf({ timing: "exclusive" })).toBeNull();
});
