import { describe, expect, test } from "vitest";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { initialStateOf, networkShapeOf } from "../training/engineOptions.js";
import { smallDataset, smallSpec } from "../training/smallRun.js";
import { analyse } from "./analyse.js";
import type { AnalysisOptions, LandscapePoint } from "./analysisEvents.js";
import { type LandscapeSettings, parseAnalysis } from "./analysisSettings.js";
import { randomDirections } from "./landscapeDirections.js";
import { displaced, landscapeCoordinates } from "./landscapeGrid.js";

const settingsOf = (wire: object): LandscapeSettings => {
  const parsed = parseAnalysis({ kind: "landscape", examples: 9, split: "test", ...wire });
  if (!parsed.ok || parsed.value.kind !== "landscape") throw new Error(JSON.stringify(parsed));
  return parsed.value;
};

const optionsOf = (spec: ExperimentSpec, wire: object): AnalysisOptions<LandscapeSettings> => ({
  settings: settingsOf(wire),
  spec,
  state: initialStateOf(spec),
  earlier: [],
  dataset: smallDataset(spec),
  engine: referenceEngine,
  stored: [],
  breathe: async () => {},
  control: { threads: 1 },
});

const run = async (options: AnalysisOptions) => {
  const points: LandscapePoint[] = [];
  let result: Record<string, unknown> = {};
  for await (const event of analyse(options)) {
    if (event.type === "points") points.push(...event.points);
    else result = event.result as Record<string, unknown>;
  }
  return { points, values: points.map(({ value }) => value ?? Number.NaN), result };
};

/** The loss of a network by hand: no engine, no matrix routine of the lab. */
const lossByHand = (
  { dataset, spec }: AnalysisOptions,
  weights: ArrayLike<number>[],
  f: (a: number) => number,
): number => {
  const { inputs, inputScale, inputOffset, targets, count } = dataset.test;
  const { sizes } = networkShapeOf(spec);
  let loss = 0;
  for (let sample = 0; sample < count; sample++) {
    let x = Array.from(
      { length: sizes[0] },
      (_, i) => inputScale * inputs[sample * sizes[0] + i] + inputOffset,
    );
    for (const [l, matrix] of weights.entries()) {
      const isLast = l === weights.length - 1;
      x = Array.from({ length: sizes[l + 1] }, (_, unit) => {
        const a = x.reduce((sum, value, i) => sum + matrix[unit * x.length + i] * value, 0);
        return isLast ? a : f(a);
      });
    }
    x.forEach((value, i) => {
      loss += 0.5 * (targets[sample * x.length + i] - value) ** 2;
    });
  }
  return loss / count;
};

const linear = smallSpec({ algorithm: "bp", activation: "identity", depth: 1 });

/** Differences of neighbours, again and again. */
const differences = (values: number[], order: number): number[] =>
  order === 0
    ? values
    : differences(
        values.slice(1).map((value, i) => value - values[i]),
        order - 1,
      );

describe("a landscape of the feed-forward loss", () => {
  test("has at every point the loss of the displaced weights, by hand", async () => {
    const options = optionsOf(smallSpec({ algorithm: "pc" }), {
      resolution: 3,
      range: 0.5,
      seed: 4,
    });
    const { points } = await run(options);
    const { spec, state, settings } = options;
    const directions = randomDirections(state, networkShapeOf(spec), settings);
    const coordinates = landscapeCoordinates(settings);
    expect(points.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { index, value } of points) {
      const weights = displaced(state, directions, coordinates[index]).layers.map((l) => l.weights);
      expect(value).toBeCloseTo(lossByHand(options, weights, Math.tanh), 10);
    }
  });

  test("of a linear network with one hidden layer is a quartic: its fifth differences vanish, its fourth do not", async () => {
    const { values } = await run(optionsOf(linear, { dimensions: 1, resolution: 11, range: 1 }));
    const scale = Math.max(...values);
    for (const value of differences(values, 5)) expect(Math.abs(value)).toBeLessThan(1e-10 * scale);
    for (const value of differences(values, 4))
      expect(Math.abs(value)).toBeGreaterThan(1e-6 * scale);
  });

  test("has the network itself in its middle", async () => {
    const options = optionsOf(smallSpec({ algorithm: "bp" }), { resolution: 5 });
    const { points, result } = await run(options);
    const weights = options.state.layers.map((layer) => layer.weights);
    expect(points[12].value).toBeCloseTo(lossByHand(options, weights, Math.tanh), 12);
    expect(result["centre"]).toBe(points[12].value);
  });

  test("is equal for an equal seed, and another for another", async () => {
    const of = (seed: number) =>
      run(optionsOf(linear, { dimensions: 1, resolution: 3, seed })).then(({ values }) => values);
    const [first, again, other] = [await of(1), await of(1), await of(2)];
    expect(again).toEqual(first);
    expect(other[1]).toBe(first[1]);
    expect(other[0]).not.toBe(first[0]);
  });

  test("zooms: a finer grid about another centre has the same surface", async () => {
    const wide = await run(optionsOf(linear, { dimensions: 1, resolution: 5, range: 1 }));
    const zoomed = await run(
      optionsOf(linear, { dimensions: 1, resolution: 3, range: 0.5, centre: [0.5] }),
    );
    expect(zoomed.values[0]).toBeCloseTo(wide.values[2], 12);
    expect(zoomed.values[2]).toBeCloseTo(wide.values[4], 12);
  });

  test("goes on behind the stored points, and ends with the same result", async () => {
    const options = optionsOf(linear, { resolution: 5 });
    const whole = await run(options);
    const rest = await run({ ...options, stored: whole.points.slice(0, 7) });
    expect(rest.points).toEqual(whole.points.slice(7));
    expect(rest.result).toEqual(whole.result);
  });

  test("keeps a point that is not finite as null", async () => {
    const options = optionsOf(smallSpec({ algorithm: "bp", activation: "relu" }), {
      dimensions: 1,
      resolution: 3,
    });
    const [layer] = options.state.layers;
    layer.weights[0] = 1e308;
    const { points, result } = await run(options);
    expect(points.every(({ value }) => value === null)).toBe(true);
    expect(result).toMatchObject({ centre: null, not_finite: 3 });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });
});

describe("a landscape of the equilibrated energy", () => {
  test("of a linear network is 1/2 r^T S^-1 r, where S = I + theta_2 theta_2^T", async () => {
    const options = optionsOf(smallSpec({ algorithm: "pc", activation: "identity", depth: 1 }), {
      dimensions: 1,
      resolution: 3,
      surface: "energy",
    });
    const { points } = await run(options);
    const { spec, state, settings, dataset } = options;
    const directions = randomDirections(state, networkShapeOf(spec), settings);
    for (const [index, at] of landscapeCoordinates(settings).entries()) {
      const [first, second] = displaced(state, directions, at).layers.map((l) => l.weights);
      expect(points[index].value).toBeCloseTo(energyByHand(dataset.test, first, second), 8);
      expect(points[index].accuracy).toBeNull();
    }
  });

  test.each(["bp", "pc_rc2", "pc_rc3"])(
    "can be had of %s, and lies below the loss",
    async (algorithm) => {
      const spec = smallSpec({ algorithm });
      const wire = { dimensions: 1, resolution: 3, range: 0.3 };
      const energy = await run(optionsOf(spec, { ...wire, surface: "energy" }));
      const loss = await run(optionsOf(spec, wire));
      energy.values.forEach((value, i) => expect(value).toBeLessThan(loss.values[i]));
    },
  );

  test("of a network that Gauss-Newton does not take settles by gradient steps", async () => {
    const { values } = await run(
      optionsOf(smallSpec({ algorithm: "pc", activation: "relu" }), {
        dimensions: 1,
        resolution: 3,
        surface: "energy",
      }),
    );
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

const energyByHand = (
  { inputs, inputScale, inputOffset, targets, count }: AnalysisOptions["dataset"]["test"],
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): number => {
  const [outputs, width] = [10, second.length / 10];
  const pixels = first.length / width;
  const S = Array.from({ length: outputs }, (_, i) =>
    Array.from({ length: outputs }, (__, j) => {
      let sum = i === j ? 1 : 0;
      for (let k = 0; k < width; k++) sum += second[i * width + k] * second[j * width + k];
      return sum;
    }),
  );
  let energy = 0;
  for (let sample = 0; sample < count; sample++) {
    const hidden = Array.from({ length: width }, (_, k) => {
      let a = 0;
      for (let p = 0; p < pixels; p++)
        a += first[k * pixels + p] * (inputScale * inputs[sample * pixels + p] + inputOffset);
      return a;
    });
    const r = Array.from({ length: outputs }, (_, i) => {
      let yhat = 0;
      for (let k = 0; k < width; k++) yhat += second[i * width + k] * hidden[k];
      return targets[sample * outputs + i] - yhat;
    });
    const solved = solveByElimination(S, r);
    energy += 0.5 * r.reduce((sum, value, i) => sum + value * solved[i], 0);
  }
  return energy / count;
};

/** S is symmetric and positive definite: no pivoting is needed. */
const solveByElimination = (S: number[][], r: number[]): number[] => {
  const rows = S.map((row, i) => [...row, r[i]]);
  for (let i = 0; i < rows.length; i++) {
    for (let j = i + 1; j < rows.length; j++) {
      const factor = rows[j][i] / rows[i][i];
      rows[j] = rows[j].map((value, k) => value - factor * rows[i][k]);
    }
  }
  const x = Array<number>(rows.length).fill(0);
  for (let i = rows.length - 1; i >= 0; i--) {
    const rest = x.reduce((sum, value, k) => sum + (k > i ? rows[i][k] * value : 0), 0);
    x[i] = (rows[i][rows.length] - rest) / rows[i][i];
  }
  return x;
};
