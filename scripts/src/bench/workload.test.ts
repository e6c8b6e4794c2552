import { describe, expect, test } from "vitest";
import { settlingMinibatches } from "./kernel.js";
import { UnavailableError } from "./unavailable.js";
import { MODELS, matrixFlops, specOf } from "./workload.js";

const settings = { depth: 8, steps: 256, seed: 3 };
const shape = { width: 256, batch: 64 };

describe("the arithmetic of a minibatch", () => {
  test("is counted as PyTorch's baseline counts it: 30.2 GFLOP a phase, 0.254 a bp step", () => {
    // 784-256x8-10: 461,312 weights behind the first layer's 200,704.
    expect(matrixFlops("pc", shape, settings)).toBe(4 * 64 * 461_312 * 256);
    expect(matrixFlops("bp", shape, settings)).toBe(6 * 64 * (200_704 + 461_312));
  });

  test("is the same for the relaxed conditions, and not counted where it depends on the network", () => {
    expect(matrixFlops("pc_rc2", shape, settings)).toBe(matrixFlops("pc", shape, settings));
    expect(matrixFlops("pc_gauss_newton", shape, settings)).toBeNull();
  });
});

describe("a workload's spec", () => {
  test.each(MODELS)("of %s is one this version accepts", (model) => {
    const spec = specOf(model, shape, settings);
    expect(spec).toMatchObject({ width: 256, depth: 8, batchSize: 64, seed: 3, optimiser: "adam" });
    const isGaussNewton = model.endsWith("gauss_newton");
    expect(spec.inference.method).toBe(isGaussNewton ? "gauss_newton" : "gradient");
    expect(spec.inference.outerIterations).toBe(isGaussNewton ? 1 : null);
    expect(model.startsWith(spec.algorithm)).toBe(true);
  });

  test("that this version refuses is unavailable, with every reason", () => {
    const wrong = () => specOf("pc", shape, settings, { optimiser: "sgdd", epochs: 0 });
    expect(wrong).toThrow(UnavailableError);
    expect(wrong).toThrow(/optimiser|sgd/);
    expect(wrong).toThrow("; ");
  });
});

test("Gauss-Newton settles for fewer minibatches on larger shapes, and for some on any", () => {
  const counts = [
    { width: 8, batch: 1 },
    { width: 256, batch: 64 },
    { width: 1024, batch: 256 },
    { width: 8192, batch: 4096 },
  ].map((one) => settlingMinibatches(one, 8));
  expect(counts).toEqual([300, 300, 24, 2]);
});
