import { describe, expect, test } from "vitest";
import { parseAnalysis } from "./analysisSettings.js";

const problemsOf = (input: unknown) => {
  const parsed = parseAnalysis(input);
  return parsed.ok ? [] : parsed.problems;
};

describe("an analysis", () => {
  test("gets every default", () => {
    expect(parseAnalysis({ kind: "landscape" })).toEqual({
      ok: true,
      value: {
        kind: "landscape",
        dimensions: 2,
        resolution: 51,
        range: 1,
        directions: "random",
        seed: 0,
        split: "train",
        examples: 2000,
        surface: "loss",
      },
    });
  });

  test("parses to itself again", () => {
    const parsed = parseAnalysis({ kind: "landscape" });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parseAnalysis(parsed.value)).toEqual(parsed);
  });

  test.each([
    ["a kind that there is not", { kind: "landscapes" }, "#/kind"],
    ["no kind", {}, "#/kind"],
    ["a typo", { kind: "landscape", resolutoin: 3 }, "#/resolutoin"],
    ["an even resolution", { kind: "landscape", resolution: 50 }, "#/resolution"],
    ["too many points", { kind: "landscape", resolution: 501 }, "#/resolution"],
    ["a centre of other dimensions", { kind: "landscape", centre: [1] }, "#/centre"],
    ["three dimensions", { kind: "landscape", dimensions: 3 }, "#/dimensions"],
    ["more images than there are", { kind: "landscape", examples: 10_001 }, "#/examples"],
    ["a range that is no number", { kind: "landscape", range: "1" }, "#/range"],
  ])("%s is refused at its field", (_, input, pointer) => {
    expect(problemsOf(input).map((problem) => problem.pointer)).toContain(pointer);
  });

  test.each([[null], [[]], ["landscape"], [7]])("%j is refused", (input) => {
    expect(problemsOf(input).length).toBeGreaterThan(0);
  });

  test("a long line of points is allowed where a plane of it is not", () => {
    expect(problemsOf({ kind: "landscape", dimensions: 1, resolution: 1001 })).toEqual([]);
  });
});
