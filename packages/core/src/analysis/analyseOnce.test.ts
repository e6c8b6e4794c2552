import { describe, expect, test } from "vitest";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import { readCheckpoint } from "../training/checkpoint.js";
import { initialStateOf } from "../training/engineOptions.js";
import { eventsOf, smallDataset, smallOptions, smallSpec } from "../training/smallRun.js";
import type { AlignmentResult } from "./analyseAlignment.js";
import type { CurvatureResult } from "./analyseCurvature.js";
import { analyse, analysisParts } from "./analyse.js";
import { type AnalysisWire, parseAnalysis } from "./analysisSettings.js";
import type { PhaseConvergence } from "./phaseConvergence.js";

/** Trains a small run and analyses its end, with the checkpoints that it kept. */
const resultOf = async (
  wire: AnalysisWire,
  specWire: Record<string, unknown>,
): Promise<unknown> => {
  const settings = parseAnalysis(wire);
  if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
  expect(analysisParts(settings.value)).toBe(1);
  const spec = smallSpec(specWire);
  const networks = (await eventsOf(smallOptions(spec))).flatMap((event) =>
    event.type === "checkpoint" ? [readCheckpoint(event.bytes, spec).network] : [],
  );
  for await (const event of analyse({
    settings: settings.value,
    spec,
    state: networks.at(-1) ?? initialStateOf(spec),
    earlier: networks.slice(0, -1),
    dataset: smallDataset(spec),
    engine: referenceEngine,
    stored: [],
    breathe: async () => {},
    control: { threads: 1 },
  })) {
    if (event.type === "result") return event.result;
  }
  throw new Error("no result");
};

describe.each(["bp", "pc", "pc_rc2", "pc_rc3", "pc_rc23"])("of %s", (algorithm) => {
  test("alignment is told at the start, at each kept checkpoint and at the end", async () => {
    const found = (await resultOf(
      { kind: "alignment", examples: 5 },
      { algorithm, keep_checkpoints: 1 },
    )) as AlignmentResult;
    expect(found.examples).toBe(5);
    const updates = found.moments.map((moment) => moment.weight_update);
    expect(updates).toHaveLength(3);
    expect(updates[0]).toBe(0);
    for (const { layers, network } of found.moments) {
      expect(layers.map(({ layer }) => layer)).toEqual([1, 2, 3]);
      expect(network.cosine).toBeGreaterThan(0);
    }
  });

  test("the phase ends nearer to the equilibrium than it began", async () => {
    const found = (await resultOf(
      { kind: "phase", examples: 5 },
      { algorithm },
    )) as PhaseConvergence;
    const [first] = found.points;
    const last = found.points[found.points.length - 1];
    expect(last.relative_excess).toBeLessThan(first.relative_excess ?? Number.NaN);
  });

  test("the Hessian's extreme eigenvalues are in order", async () => {
    const found = (await resultOf(
      { kind: "curvature", examples: 9 },
      { algorithm },
    )) as CurvatureResult;
    expect(found.largest?.value).toBeGreaterThan(found.smallest?.value ?? Number.NaN);
    expect(found.largest?.value).toBeGreaterThan(0);
  });
});

test("an analysis is the same bytes whatever its probe is called", async () => {
  const wire = { kind: "curvature", examples: 9 } as const;
  expect(await resultOf(wire, { algorithm: "bp" })).toEqual(
    await resultOf({ ...wire, split: "train" }, { algorithm: "bp" }),
  );
});
