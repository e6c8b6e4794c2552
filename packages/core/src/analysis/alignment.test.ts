import { describe, expect, test } from "vitest";
import { linearEquilibrium } from "../engine/conformance/linearEquilibrium.js";
import { depthOf, forwardPass } from "../engine/conformance/oracle.js";
import { type Problem, createProblem, settings } from "../engine/conformance/problems.js";
import { minibatchOf, withEngine } from "../engine/conformance/withEngine.js";
import type { Engine, LayerGradient, ReplicaSettings } from "../engine/engine.js";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import { type Alignment, alignmentOf, measureAlignment } from "./alignment.js";

/** Long enough for a small network's activities to settle. */
const settled = (): ReplicaSettings => {
  const steps = 4000;
  return settings({ inference: { ...settings().inference, steps, updateEvery: steps, rate: 0.2 } });
};

const using = async <T>(problem: Problem, use: (engine: Engine) => Promise<T>): Promise<T> => {
  const answers: T[] = [];
  await withEngine(referenceEngine, problem, [settled()], async (engine) => {
    answers.push(await use(engine));
  });
  return answers[0];
};

const measured = (problem: Problem): Promise<Alignment> =>
  using(problem, (engine) => measureAlignment(engine, 0, minibatchOf(problem)));

const linear = (): Problem =>
  createProblem({
    activation: "identity",
    sizes: [6, 5, 4, 5, 3],
    samples: 3,
    logVarianceSpread: 0,
  });

const layerOf = (...weights: number[]): LayerGradient => ({ weights: Float64Array.from(weights) });

describe("the alignment of PC with BP", () => {
  test("in a linear net with hidden Sigma 1 and Sigma_L 1e4 is all but BP's, at 1/Sigma_L of its length", async () => {
    const problem = linear();
    const sigma = 1e4;
    problem.network.s[depthOf(problem.network)].fill(Math.log(sigma));
    const { layers, network } = await measured(problem);
    expect(layers.map(({ layer }) => layer)).toEqual([1, 2, 3, 4]);
    for (const { cosine, norm_ratio } of [...layers, network]) {
      expect(cosine).toBeGreaterThan(0.9999);
      expect(Math.abs((norm_ratio ?? 0) * sigma - 1)).toBeLessThan(2e-3);
    }
  });

  test("in a linear net with Sigma 1 is the closed form's: layer L has S^-1 r x_{L-1}^T against r yhat's, to 1e-8", async () => {
    const problem = linear();
    const net = problem.network;
    const L = depthOf(net);
    const pc = net.weights[L].flat().map(() => 0);
    const bp = [...pc];
    problem.inputs.forEach((input, sample) => {
      const start = forwardPass(net, input);
      const { lambda, errors } = linearEquilibrium(net, input, problem.targets[sample]);
      let below = input;
      for (let l = 1; l < L; l++) {
        const x = below;
        below = net.weights[l].map((row, i) => row.reduce((s, w, j) => s + w * x[j], errors[l][i]));
      }
      lambda.forEach((value, i) => {
        const r = problem.targets[sample][i] - start[L][i];
        below.forEach((x, j) => {
          pc[i * below.length + j] -= value * x;
          bp[i * below.length + j] -= r * start[L - 1][j];
        });
      });
    });
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const { layers } = await measured(problem);
    const last = layers[L - 1];
    expect(last.cosine).toBeLessThan(0.9999);
    expect(last.cosine).toBeCloseTo(dot(pc, bp) / Math.sqrt(dot(pc, pc) * dot(bp, bp)), 8);
    expect(last.norm_ratio).toBeCloseTo(Math.sqrt(dot(pc, pc) / dot(bp, bp)), 8);
  });

  test("of BP with BP is exactly 1", async () => {
    const problem = createProblem({ bias: true });
    const bp = await using(problem, (engine) => engine.gradients(0, minibatchOf(problem), "bp"));
    const { layers, network } = alignmentOf(bp, bp);
    for (const { cosine, norm_ratio } of [...layers, network]) {
      expect([cosine, norm_ratio]).toEqual([1, 1]);
    }
  });

  test("of the whole network weighs the layers by their gradients", () => {
    const { layers, network } = alignmentOf(
      [layerOf(3, 0), layerOf(0, 4)],
      [layerOf(3, 0), layerOf(0, -4)],
    );
    expect(layers.map(({ cosine }) => cosine)).toEqual([1, -1]);
    expect(network.cosine).toBeCloseTo((9 - 16) / 25, 14);
    expect(network.norm_ratio).toBe(1);
  });

  test("has null for zero gradients and for ones that are not finite", () => {
    const { layers } = alignmentOf(
      [layerOf(1, 2), layerOf(0, 0), layerOf(0, 0), layerOf(1, Number.NaN), layerOf(1, 1)],
      [layerOf(0, 0), layerOf(1, 2), layerOf(0, 0), layerOf(1, 1), layerOf(Infinity, 1)],
    );
    expect(layers).toEqual([
      { layer: 1, cosine: null, norm_ratio: null },
      { layer: 2, cosine: null, norm_ratio: 0 },
      { layer: 3, cosine: null, norm_ratio: null },
      { layer: 4, cosine: null, norm_ratio: null },
      { layer: 5, cosine: null, norm_ratio: null },
    ]);
  });

  test("does not lose gradients whose squares underflow", () => {
    const { network } = alignmentOf([layerOf(3e-200, 4e-200)], [layerOf(6e-200, 8e-200)]);
    expect(network.cosine).toBeCloseTo(1, 14);
    expect(network.norm_ratio).toBeCloseTo(0.5, 14);
  });
});
