import { describe, expect, test } from "vitest";
import { parseAnalysis } from "../../analysis/analysisSettings.js";
import { parseSpec } from "../parseSpec.js";
import type { ExperimentSpec } from "../spec.js";
import { expandSweep } from "../sweep.js";
import type { PartialSpecWire } from "../sweepSchema.js";
import { analysesByRun, expandPreset } from "./expandPreset.js";
import { PRESET_NAMES, PRESET_SCALES, type PresetName, type PresetScale } from "./presetNames.js";

const sweepOf = (body: unknown) => {
  const expanded = expandSweep(body);
  if (!expanded.ok) throw new Error(JSON.stringify(expanded.problems));
  return expanded.value;
};

const cases = PRESET_NAMES.flatMap((preset) =>
  PRESET_SCALES.map((scale): [PresetName, PresetScale] => [preset, scale]),
);

/** Five models, times networks and seeds; and the decays other than 0, which is one of the models' runs. */
const EXPECTED_RUNS: Record<PresetScale, Record<PresetName, number>> = {
  smoke: {
    "figure-2": 5,
    "figure-3": 5,
    "figure-4": 5,
    "figure-5": 5,
    "figure-6": 5,
    "figure-7": 5,
    paper: 5 + 4,
  },
  short: {
    "figure-2": 45,
    "figure-3": 45,
    "figure-4": 30,
    "figure-5": 30,
    "figure-6": 15,
    "figure-7": 15,
    paper: 45 + 12,
  },
  full: {
    "figure-2": 100,
    "figure-3": 100,
    "figure-4": 50,
    "figure-5": 50,
    "figure-6": 25,
    "figure-7": 25,
    paper: 100 + 20,
  },
};

describe.each(cases)("%s at %s scale", (preset, scale) => {
  const sweep = sweepOf({ preset, scale });

  test("has its runs, none twice", () => {
    expect(sweep.runs).toHaveLength(EXPECTED_RUNS[scale][preset]);
    const identities = sweep.runs.map((run) => JSON.stringify({ ...run, timing: null }));
    expect(new Set(identities).size).toBe(sweep.runs.length);
  });

  test("is also a body that can be posted run by run", () => {
    const { body, figures } = expandPreset({ preset, scale });
    const posted = sweepOf(JSON.parse(JSON.stringify(body)));
    expect(posted).toEqual({ name: `${preset}, ${scale}`, runs: sweep.runs });
    expect(sweep.preset).toEqual({ name: preset, scale, figures });
  });

  test("gives every run to a figure, and asks for analyses that can be done", () => {
    const figures = sweep.preset?.figures ?? [];
    const used = new Set(figures.flatMap(({ runs }) => runs));
    expect([...used].sort((a, b) => a - b)).toEqual([...sweep.runs.keys()]);
    for (const { analyses } of figures) {
      for (const analysis of analyses) expect(parseAnalysis(analysis).ok).toBe(true);
    }
  });

  test("trains with the rates and the depth of the spec's defaults", () => {
    for (const { algorithm, learningRate, depth, inference } of sweep.runs) {
      const plain = parseSpec({ algorithm });
      expect(plain.ok && { learningRate, depth, inference }).toEqual(
        plain.ok && {
          learningRate: plain.value.learningRate,
          depth: plain.value.depth,
          inference: plain.value.inference,
        },
      );
    }
  });
});

const figureOf = (sweep: ReturnType<typeof sweepOf>, figure: string): ExperimentSpec[] => {
  const plan = sweep.preset?.figures.find((one) => one.figure === figure);
  return (plan?.runs ?? []).map((place) => sweep.runs[place]);
};

describe("the paper", () => {
  const sweep = sweepOf({ preset: "paper", scale: "short" });

  test("times figure 2's runs alone, and shares them with the other figures", () => {
    expect(figureOf(sweep, "figure-2").every(({ timing }) => timing === "exclusive")).toBe(true);
    expect(figureOf(sweep, "figure-3")).toEqual(figureOf(sweep, "figure-2"));
    const timedFor = (preset: string) =>
      new Set(sweepOf({ preset, scale: "short" }).runs.map(({ timing }) => timing));
    expect(timedFor("figure-3")).toEqual(new Set(["shared"]));
  });

  test("draws weight decay over its grid, on weights and variances alike", () => {
    const runs = figureOf(sweep, "figure-7");
    expect(runs.every(({ algorithm }) => algorithm === "pc_rc23")).toBe(true);
    expect(runs.every(({ weightDecay, varianceDecay }) => weightDecay === varianceDecay)).toBe(
      true,
    );
    expect([...new Set(runs.map(({ weightDecay }) => weightDecay))]).toEqual([
      0, 1e-6, 1e-5, 1e-4, 1e-3,
    ]);
    const undecayed = runs.filter(({ weightDecay }) => weightDecay === 0);
    expect(undecayed).toHaveLength(3);
    for (const run of undecayed) expect(figureOf(sweep, "figure-4")).toContain(run);
  });

  test("lists each analysis of a run once, though two figures show it", () => {
    const figures = sweep.preset?.figures ?? [];
    const wanted = new Map(analysesByRun(figures).map(({ run, analyses }) => [run, analyses]));
    const kindsOf = (wantedRun: Partial<ExperimentSpec>) => {
      const place = sweep.runs.findIndex((run) =>
        Object.entries(wantedRun).every(([key, value]) => run[key as keyof typeof run] === value),
      );
      return (wanted.get(place) ?? []).map(({ kind }) => kind);
    };
    const network = { dataset: "fashion-mnist", width: 64, seed: 0 } as const;
    expect(kindsOf({ ...network, algorithm: "bp" })).toEqual([
      "landscape",
      "curvature",
      "weights",
      "landscape",
    ]);
    expect(kindsOf({ ...network, algorithm: "pc_rc23", weightDecay: 0 })).toEqual([
      "landscape",
      "curvature",
      "weights",
      "landscape",
      "phase",
      "alignment",
    ]);
    expect(kindsOf({ ...network, algorithm: "pc_rc23", weightDecay: 1e-4 })).toEqual([
      "weights",
      "landscape",
    ]);
    expect(kindsOf({ algorithm: "pc", dataset: "mnist" })).toEqual([]);
  });
});

describe("the full scale", () => {
  test("is every image of both data sets, with warm-up and cosine decay", () => {
    const { runs } = sweepOf({ preset: "figure-2", scale: "full" });
    expect(new Set(runs.map(({ dataset }) => dataset)).size).toBe(2);
    for (const { trainSize, validationSize, epochs, schedule } of runs) {
      expect([trainSize + validationSize, epochs]).toEqual([60_000, 25]);
      expect(schedule).toMatchObject({ warmupCosine: { final: 0 } });
    }
  });
});

describe("overrides", () => {
  const runsOf = (base: PartialSpecWire, preset = "paper") =>
    sweepOf({ preset, scale: "short", base }).runs;

  test("are laid over every run, group by group", () => {
    const runs = runsOf({ depth: 2, inference: { rate: 0.05 } });
    expect(runs).toHaveLength(57);
    expect(runs.every(({ depth, inference }) => depth === 2 && inference.rate === 0.05)).toBe(true);
  });

  test("collapse the runs that they make equal, in every figure", () => {
    // One width leaves two networks of three; one seed leaves a third of the runs.
    expect(runsOf({ width: 32 }, "figure-2")).toHaveLength(30);
    expect(runsOf({ seed: 7 })).toHaveLength(57 / 3);
    expect(runsOf({ algorithm: "pc", seed: 7 }, "figure-4")).toHaveLength(2);
    const one = sweepOf({ preset: "paper", base: { width: 32, seed: 7, dataset: "mnist" } });
    expect(one.runs).toHaveLength(9);
    expect(figureOf(one, "figure-4")).toEqual(figureOf(one, "figure-2"));
  });

  test("win where the preset says otherwise", () => {
    expect(runsOf({ weight_updates: 50 })[0]).toMatchObject({ epochs: null, weightUpdates: 50 });
    expect(runsOf({ epochs: 2 })[0]).toMatchObject({ epochs: 2, weightUpdates: null });
    expect(new Set(runsOf({ timing: "shared" }).map(({ timing }) => timing))).toEqual(
      new Set(["shared"]),
    );
  });

  test("do not change the preset for the next request", () => {
    const before = JSON.stringify(expandPreset({ preset: "paper", scale: "full" }));
    expandPreset({
      preset: "paper",
      scale: "full",
      overrides: { schedule: "constant", timing: "shared", inference: { steps: 8 } },
    });
    expect(JSON.stringify(expandPreset({ preset: "paper", scale: "full" }))).toBe(before);
  });
});
