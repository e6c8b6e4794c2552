import { describe, expect, test } from "vitest";
import { parseSpec, printSpec } from "./parseSpec.js";
import { expandSweep } from "./sweep.js";

const problemsOf = (body: unknown) => {
  const expanded = expandSweep(body);
  if (expanded.ok) throw new Error("expected problems");
  return expanded.problems;
};

const runsOf = (body: unknown) => {
  const expanded = expandSweep(body);
  if (!expanded.ok) throw new Error(JSON.stringify(expanded.problems));
  return expanded.value.runs;
};

describe("a sweep", () => {
  test("is the product of its grid, in the order as written", () => {
    const runs = runsOf({
      base: { depth: 2 },
      grid: { algorithm: ["bp", "pc"], width: [16, 32, 64], seed: [0, 1] },
    });
    expect(runs).toHaveLength(12);
    expect(runs.slice(0, 3).map(({ algorithm, width, seed }) => [algorithm, width, seed])).toEqual([
      ["bp", 16, 0],
      ["bp", 16, 1],
      ["bp", 32, 0],
    ]);
  });

  test("lays explicit runs over base and crosses them with the grid", () => {
    const runs = runsOf({
      base: { learning_rate: 0.5, inference: { steps: 16, rate: 0.2 } },
      runs: [{ algorithm: "bp" }, { algorithm: "pc", inference: { steps: 32 } }],
      grid: { seed: [1, 2] },
    });
    expect(runs.map(({ algorithm, seed }) => `${algorithm}${seed}`)).toEqual([
      "bp1",
      "bp2",
      "pc1",
      "pc2",
    ]);
    expect(runs[2]?.inference).toMatchObject({ steps: 32, rate: 0.2 });
  });

  test("takes nested fields nested or dotted", () => {
    const nested = runsOf({ base: { algorithm: "pc" }, grid: { inference: { steps: [8, 16] } } });
    const dotted = runsOf({ base: { algorithm: "pc" }, grid: { "inference.steps": [8, 16] } });
    expect(nested).toEqual(dotted);
    expect(nested.map(({ inference }) => inference.steps)).toEqual([8, 16]);
  });

  test("draws the same random points for the same sampling seed, inside their ranges", () => {
    const body = (samplingSeed: number) => ({
      base: { algorithm: "pc" },
      random: {
        samples: 200,
        sampling_seed: samplingSeed,
        learning_rate: { log_uniform: [1e-5, 1e-2] },
        width: { int_uniform: [8, 10] },
        activation: { choice: ["tanh", "gelu"] },
        inference: { rate: { uniform: [0.05, 0.1] } },
      },
    });
    const runs = runsOf(body(3));
    expect(runs).toEqual(runsOf(body(3)));
    expect(runs).not.toEqual(runsOf(body(4)));
    for (const { learningRate, inference } of runs) {
      expect(learningRate).toBeGreaterThanOrEqual(1e-5);
      expect(learningRate).toBeLessThan(1e-2);
      expect(inference.rate).toBeGreaterThanOrEqual(0.05);
    }
    expect(new Set(runs.map(({ width }) => width))).toEqual(new Set([8, 9, 10]));
    // Half the draws of a log-uniform range lie below its geometric middle (binomial, five standard deviations).
    const low = runs.filter(({ learningRate }) => learningRate < 10 ** -3.5).length;
    expect(Math.abs(low - 100)).toBeLessThan(36);
  });

  test("tells every mistake at once, where it was written", () => {
    const problems = problemsOf({
      base: { learning_rate: -0.1, algoritm: "pc", depth: 0 },
      grid: { width: [64, 1e6], sed: [1, 2], algorithm: ["pc_rc4", "bp"] },
    });
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["#/base/depth", "minimum"],
      ["#/base/learning_rate", "minimum"],
      ["#/base/algoritm", "unknown_field"],
      ["#/grid/width/1", "maximum"],
      ["#/grid/sed", "unknown_field"],
      ["#/grid/algorithm/0", "not_allowed"],
    ]);
    expect(problems[1]).toMatchObject({ got: -0.1, allowed: "> 0" });
    expect(problems[2]?.detail).toContain("did you mean 'algorithm'?");
    expect(problems[4]?.detail).toContain("did you mean 'seed'?");
    expect(problems[5]?.detail).toContain("did you mean 'pc_rc");
  });

  test("finds the mistakes between fields beside those within one", () => {
    const problems = problemsOf({
      base: { depth: 0, epochs: 2, weight_updates: 5 },
      grid: { algorithm: ["pc_rc2", "pc"], "inference.update_every": [7, 256] },
    });
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual([
      ["#/base/depth", "minimum"],
      ["#/base/weight_updates", "conflict"],
      ["#/grid/inference.update_every/0", "conflict"],
    ]);
  });

  test("one run over the limit is refused before it is expanded", () => {
    const seeds = Array.from({ length: 101 }, (_, seed) => seed);
    const grid = { seed: seeds.slice(0, 100), width: seeds.slice(1) };
    expect(runsOf({ base: { algorithm: "bp" }, grid })).toHaveLength(10_000);
    const problems = problemsOf({ base: { algorithm: "bp" }, grid: { ...grid, seed: seeds } });
    expect(problems).toMatchObject([{ pointer: "#/grid", code: "too_many_runs", got: 10_100 }]);
  });

  test.each([
    ["no algorithm", {}, "#/base/algorithm", "required"],
    ["a body that is a list", [], "#", "wrong_type"],
    ["an unknown part", { base: { algorithm: "bp" }, gird: {} }, "#/gird", "unknown_field"],
    ["a number as text", { base: { algorithm: "bp", width: "64" } }, "#/base/width", "wrong_type"],
    [
      "NaN",
      { base: { algorithm: "bp", learning_rate: Number.NaN } },
      "#/base/learning_rate",
      "wrong_type",
    ],
    [
      "a fraction of a layer",
      { base: { algorithm: "bp", depth: 1.5 } },
      "#/base/depth",
      "wrong_type",
    ],
    [
      "no value in a grid",
      { base: { algorithm: "bp" }, grid: { width: [] } },
      "#/grid/width",
      "wrong_type",
    ],
    [
      "a scalar in a grid",
      { base: { algorithm: "bp" }, grid: { width: 64 } },
      "#/grid/width",
      "wrong_type",
    ],
    [
      "too few images",
      { base: { algorithm: "bp", train_size: 60_000 } },
      "#/base/train_size",
      "conflict",
    ],
    [
      "a method of inference that the engine lacks",
      { base: { algorithm: "pc", engine: "tfjs", inference: { method: "gauss_newton" } } },
      "#/base/inference/method",
      "conflict",
    ],
    [
      "a distribution backwards",
      { base: { algorithm: "bp" }, random: { samples: 2, width: { int_uniform: [9, 8] } } },
      "#/random/width/int_uniform",
      "format",
    ],
    [
      "a distribution out of range",
      { base: { algorithm: "bp" }, random: { samples: 2, width: { int_uniform: [0, 8] } } },
      "#/random/width/int_uniform/0",
      "minimum",
    ],
    [
      "a wrong schedule",
      { base: { algorithm: "bp", schedule: { warmup_cosine: { warmup: 2, final: 0 } } } },
      "#/base/schedule/warmup_cosine/warmup",
      "maximum",
    ],
    [
      "a field of a group in the wrong place",
      { base: { algorithm: "pc", inference: { stepz: 3 } } },
      "#/base/inference/stepz",
      "unknown_field",
    ],
    [
      "a run's own mistake",
      { runs: [{ algorithm: "bp" }, { algorithm: "pc", depth: 65 }] },
      "#/runs/1/depth",
      "maximum",
    ],
  ])("refuses %s at its place", (_, body, pointer, code) => {
    expect(problemsOf(body).map((problem) => [problem.pointer, problem.code])).toEqual([
      [pointer, code],
    ]);
  });
});

describe("a preset", () => {
  test("is short unless it says otherwise, and named after itself", () => {
    const expanded = expandSweep({ preset: "figure-6" });
    expect(expanded).toMatchObject({
      ok: true,
      value: { name: "figure-6, short", preset: { name: "figure-6", scale: "short" } },
    });
    expect(expandSweep({ preset: "paper", name: "mine" })).toMatchObject({
      ok: true,
      value: { name: "mine" },
    });
  });

  test("is not there where the body names none", () => {
    const expanded = expandSweep({ base: { algorithm: "bp" } });
    expect(expanded.ok && "preset" in expanded.value).toBe(false);
  });

  test.each([
    ["an unknown preset", { preset: "figure-9" }, [["#/preset", "not_allowed"]], "did you mean"],
    ["a typo", { preset: "papr" }, [["#/preset", "not_allowed"]], "did you mean 'paper'?"],
    ["a preset by number", { preset: 2 }, [["#/preset", "not_allowed"]], "figure-2"],
    ["null", { preset: null }, [["#/preset", "not_allowed"]], "figure-2"],
    ["a name of every object", { preset: "__proto__" }, [["#/preset", "not_allowed"]], "paper"],
    [
      "an unknown scale",
      { preset: "paper", scale: "smok" },
      [["#/scale", "not_allowed"]],
      "did you mean 'smoke'?",
    ],
    [
      "a scale without a preset",
      { scale: "short", base: { algorithm: "bp" } },
      [["#/scale", "conflict"]],
      "belongs to a preset",
    ],
    [
      "runs from elsewhere too",
      { preset: "paper", grid: { seed: [1] }, runs: [{ seed: 1 }], random: { samples: 2 } },
      [
        ["#/grid", "conflict"],
        ["#/runs", "conflict"],
        ["#/random", "conflict"],
      ],
      "leave grid out",
    ],
    [
      "a wrong override, told once",
      { preset: "paper", base: { width: 0, algoritm: "bp" } },
      [
        ["#/base/width", "minimum"],
        ["#/base/algoritm", "unknown_field"],
      ],
      "width must be",
    ],
    [
      "an override that some of the models cannot have",
      { preset: "paper", base: { inference: { method: "gauss_newton" } } },
      [["#/base/inference/method", "conflict"]],
      "pc_rc2",
    ],
    [
      "an override that does not fit the preset",
      { preset: "paper", base: { validation_size: 50_000 } },
      [["#/preset", "conflict"]],
      "exceed the 60000 training images",
    ],
    [
      "two overrides that exclude each other",
      { preset: "paper", base: { epochs: 1, weight_updates: 5 } },
      [["#/base/weight_updates", "conflict"]],
      "not both",
    ],
  ])("refuses %s", (_, body, found, detail) => {
    const problems = problemsOf(body);
    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual(found);
    expect(problems[0]?.detail).toContain(detail);
  });
});

describe("gauss_newton", () => {
  const inference = (fields: object) => ({ inference: { method: "gauss_newton", ...fields } });

  test("takes one outer iteration by conjugate gradients; other methods have no such settings", () => {
    const [newton, thrice, gradient, withVariances] = runsOf({
      runs: [
        { algorithm: "pc", ...inference({}) },
        { algorithm: "pc", ...inference({ outer_iterations: 3 }) },
        { algorithm: "pc", inference: {} },
        { algorithm: "pc_rc3", ...inference({}) },
      ],
    });
    expect(newton?.inference).toMatchObject({
      outerIterations: 1,
      solver: "cg",
      solverTolerance: 0.03,
    });
    expect(thrice?.inference).toMatchObject({ outerIterations: 3, solverTolerance: 0.001 });
    expect(withVariances?.inference).toMatchObject({ outerIterations: 1, solverTolerance: 0.001 });
    expect(gradient?.inference).toMatchObject({
      outerIterations: null,
      solver: null,
      solverTolerance: null,
    });
  });

  test("printed is a spec that reads back the same, with either solver", () => {
    const runs = runsOf({
      base: inference({ outer_iterations: 3, tolerance: 1e-3 }),
      grid: { algorithm: ["bp", "pc", "pc_rc3"], "inference.solver": ["dense", "cg"] },
    });
    expect(runs).toHaveLength(6);
    for (const run of runs) {
      const again = parseSpec(JSON.parse(JSON.stringify(printSpec(run))));
      expect(again).toEqual({ ok: true, value: run });
    }
  });

  test.each([
    ["a kink", { activation: "relu", ...inference({}) }, "#/activation", "tanh"],
    ["a leaky kink", { activation: "leaky_relu", ...inference({}) }, "#/activation", "gradient"],
    [
      "a kink at the output",
      { output_activation: "relu", ...inference({}) },
      "#/output_activation",
      "smooth",
    ],
    [
      "updates during inference",
      { algorithm: "pc_rc2", ...inference({}) },
      "#/inference/method",
      "use inference.method 'gradient'",
    ],
    [
      "updates and variances",
      { algorithm: "pc_rc23", ...inference({}) },
      "#/inference/method",
      "'gradient'",
    ],
    [
      "a tolerance for an exact solver",
      inference({ solver: "dense", solver_tolerance: 0.1 }),
      "#/inference/solver_tolerance",
      "use inference.solver 'cg'",
    ],
    [
      "outer iterations of gradient steps",
      { inference: { outer_iterations: 2 } },
      "#/inference/outer_iterations",
      "'gradient'",
    ],
    [
      "a solver of gradient steps",
      { inference: { method: "gradient", solver: "cg" } },
      "#/inference/solver",
      "use inference.method 'gauss_newton'",
    ],
    [
      "a solver's tolerance with gradient steps",
      { inference: { solver_tolerance: 0.1 } },
      "#/inference/solver_tolerance",
      "gauss_newton",
    ],
  ])("refuses %s, and says the way out", (_, fields, pointer, wayOut) => {
    const parsed = parseSpec({ algorithm: "pc", ...fields });
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems.map((problem) => [problem.pointer, problem.code])).toEqual([
      [pointer, "conflict"],
    ]);
    expect(problems[0]?.detail).toContain(wayOut);
  });

  test.each([
    [{ outer_iterations: 0 }, "minimum"],
    [{ outer_iterations: 1.5 }, "wrong_type"],
    [{ outer_iterations: 1e9 }, "maximum"],
    [{ solver: "cg", solver_tolerance: 0 }, "minimum"],
    [{ solver: "cg", solver_tolerance: 1 }, "maximum"],
    [{ solver: "lu" }, "not_allowed"],
  ])("refuses %o", (fields, code) => {
    const parsed = parseSpec({ algorithm: "pc", ...inference(fields) });
    expect(parsed.ok ? [] : parsed.problems.map((problem) => problem.code)).toEqual([code]);
  });

  test("every conflict of a spec is told at once", () => {
    const parsed = parseSpec({
      algorithm: "pc_rc2",
      activation: "relu",
      output_activation: "leaky_relu",
      ...inference({ solver: "dense", solver_tolerance: 0.1 }),
    });
    expect(parsed.ok ? 0 : parsed.problems.length).toBe(4);
  });

  test("is nothing to bp, which infers nothing", () => {
    const spec = { algorithm: "bp", activation: "relu", ...inference({}) };
    expect(parseSpec(spec).ok).toBe(true);
    const stray = { algorithm: "bp", inference: { outer_iterations: 2 } };
    expect(parseSpec(stray)).toMatchObject({ ok: true, value: { inference: { solver: null } } });
  });

  test("nesterov is still a word of another version", () => {
    const parsed = parseSpec({ algorithm: "pc", inference: { method: "nesterov" } });
    expect(parsed.ok ? [] : parsed.problems).toMatchObject([
      { pointer: "#/inference/method", code: "not_available", allowed: "gradient, gauss_newton" },
    ]);
  });
});

describe("a spec", () => {
  test("printed with its defaults is a spec that reads back the same", () => {
    for (const run of runsOf({
      base: { schedule: { warmup_cosine: { warmup: 0.1, final: 0 } }, weight_updates: 7 },
      grid: { algorithm: ["bp", "pc", "pc_rc2", "pc_rc3", "pc_rc23"] },
    })) {
      const again = parseSpec(JSON.parse(JSON.stringify(printSpec(run))));
      expect(again).toEqual({ ok: true, value: run });
    }
  });

  test("has the defaults of its algorithm", () => {
    const [rc2, rc3] = runsOf({ grid: { algorithm: ["pc_rc2", "pc_rc3"] } });
    expect(rc2).toMatchObject({ learningRate: 1e-5, inference: { updateEvery: 8, steps: 256 } });
    expect(rc2?.variance).toMatchObject({ learningRate: null, trainOutput: false });
    expect(rc3).toMatchObject({ learningRate: 1e-3, inference: { updateEvery: 256 } });
    expect(rc3?.variance).toEqual({
      learningRate: 0.03,
      floor: -8,
      initial: 0,
      trainOutput: false,
    });
  });
});
