import { describe, expect, test } from "vitest";
import { withDefaults } from "./parseSpec.js";
import { trainingMultiplyAdds, trainingPace } from "./trainingWork.js";

const base = { width: 2, depth: 2, train_size: 10, validation_size: 0, batch_size: 4, epochs: 1 };

describe("the work of a run", () => {
  test("counts the products of every layer, by hand for a small net", () => {
    // Weights: 784 x 2, 2 x 2, 2 x 10.
    expect(trainingMultiplyAdds(withDefaults({ ...base, algorithm: "bp" }))).toBe(
      10 * 3 * (1568 + 24),
    );
    const pc = withDefaults({ ...base, algorithm: "pc", inference: { steps: 8 } });
    expect(trainingMultiplyAdds(pc)).toBe(10 * (1592 + 2 * 24 * 8 + 1592));
    const rc2 = withDefaults({
      ...base,
      algorithm: "pc_rc2",
      inference: { steps: 8, update_every: 2 },
    });
    expect(trainingMultiplyAdds(rc2)).toBe(10 * (1592 + 2 * 24 * 8 + 4 * 1592));
  });

  test("counts Gauss-Newton's sweeps by its solver", () => {
    const work = (inference: object) =>
      trainingMultiplyAdds(
        withDefaults({
          ...base,
          algorithm: "pc",
          inference: { method: "gauss_newton", ...inference },
        }),
      );
    expect(work({ solver: "dense", outer_iterations: 2 })).toBe(10 * (1592 + 2 * 11 * 24 + 1592));
    expect(work({ solver: "cg" })).toBe(10 * (1592 + 5 * 24 + 1592));
  });

  test("forecasts by the median pace of the runs most like it", () => {
    const bp = withDefaults({ ...base, algorithm: "bp" });
    const pc = withDefaults({ ...base, algorithm: "pc" });
    expect(trainingPace("pc", [])).toBeNull();
    const paceOf = (trainSeconds: number) => trainingMultiplyAdds(pc) / trainSeconds;
    const measured = [7, 5, 100].map((trainSeconds) => ({ spec: pc, trainSeconds }));
    expect(trainingPace("pc", [...measured, { spec: bp, trainSeconds: 1 }])).toBe(paceOf(7));
    expect(trainingPace("pc_rc3", [{ spec: pc, trainSeconds: 3 }])).toBe(paceOf(3));
  });
});
