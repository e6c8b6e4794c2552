import { describe, expect, test } from "vitest";
import { type Problem, createProblem, settings } from "../../engine/conformance/problems.js";
import type { Engine } from "../../engine/engine.js";
import { norm } from "../../engine/norms.js";
import { referenceEngine } from "../../engine/reference/referenceEngine.js";
import { Generator } from "../../random/generator.js";
import {
  type HessianOptions,
  extremeCurvatures,
  hessianSize,
  hessianVectorProduct,
} from "./hessian.js";
import { symmetricEigenpairs } from "../trajectory/jacobi.js";

/** Five samples in minibatches of two, the last of one. */
const BATCH_SIZE = 2;

const withOptions = async <T>(
  problem: Problem,
  use: (options: HessianOptions) => Promise<T>,
): Promise<T> => {
  const engine = await referenceEngine.create({
    shape: problem.shape,
    batchSize: BATCH_SIZE,
    replicas: [settings({ algorithm: "bp" })],
  });
  try {
    return await use({
      engine,
      state: problem.stateFor("sgd"),
      examples: problem.examples,
      batchSize: BATCH_SIZE,
      breathe: async () => {},
    });
  } finally {
    await engine.dispose();
  }
};

const draw = (length: number, seed: number): Float64Array => {
  const generator = Generator.seeded(seed, "probes");
  return Float64Array.from({ length }, () => generator.normal());
};

const dot = (left: Float64Array, right: Float64Array): number =>
  left.reduce((sum, value, i) => sum + value * right[i], 0);

/** X^T X / B, [N_0 x N_0]: in a linear one-layer network the Hessian of each output's weights. */
const inputMoments = ({ inputs }: Problem): number[][] =>
  inputs[0].map((_, i) =>
    inputs[0].map((__, j) => inputs.reduce((sum, x) => sum + x[i] * x[j], 0) / inputs.length),
  );

const oneLayer = createProblem({ activation: "identity", sizes: [4, 3] });

describe("the Hessian's product with a vector", () => {
  test("is X^T X / B, output by output, in a linear one-layer network", async () => {
    const moments = inputMoments(oneLayer);
    await withOptions(oneLayer, async (options) => {
      const v = draw(12, 1);
      const product = await hessianVectorProduct(options, v);
      for (let output = 0; output < 3; output++) {
        moments.forEach((row, i) => {
          const byHand = row.reduce((sum, moment, j) => sum + moment * v[output * 4 + j], 0);
          expect(product[output * 4 + i]).toBeCloseTo(byHand, 9);
        });
      }
    });
  });

  test.each([false, true])("is symmetric in a tanh network, bias %s", async (bias) => {
    await withOptions(createProblem({ bias }), async (options) => {
      const size = hessianSize(options.state);
      expect(size).toBe(7 * 6 + 6 * 5 + 5 * 9 + 9 * 4);
      const [u, v] = [draw(size, 1), draw(size, 2)];
      const left = dot(u, await hessianVectorProduct(options, v));
      const right = dot(v, await hessianVectorProduct(options, u));
      expect(Math.abs(left)).toBeGreaterThan(0.1);
      expect(Math.abs(left - right) / Math.abs(left)).toBeLessThan(1e-7);
    });
  });

  test("along v is the second derivative of the loss along v", async () => {
    await withOptions(createProblem(), async (options) => {
      const { engine, state, examples } = options;
      const v = draw(hessianSize(state), 3);
      const lossAt = async (t: number): Promise<number> => {
        let at = 0;
        const layers = state.layers.map((layer) => ({
          ...layer,
          weights: Float64Array.from(layer.weights, (value) => value + t * v[at++]),
        }));
        await engine.loadState(0, { ...state, layers });
        const range = { first: 0, count: examples.count };
        return (await engine.evaluate(0, examples, range)).lossSum / examples.count;
      };
      const t = 1e-4;
      const second = ((await lossAt(t)) - 2 * (await lossAt(0)) + (await lossAt(-t))) / t ** 2;
      const product = dot(v, await hessianVectorProduct(options, v));
      expect(Math.abs(product - second) / Math.abs(second)).toBeLessThan(1e-5);
    });
  });

  test("is in proportion to v, however long that is, and zero for zero", async () => {
    await withOptions(createProblem(), async (options) => {
      const v = draw(hessianSize(options.state), 4);
      const product = await hessianVectorProduct(options, v);
      const scaled = await hessianVectorProduct(
        options,
        v.map((value) => 1e8 * value),
      );
      const off = norm(scaled.map((value, i) => value / 1e8 - product[i])) / norm(product);
      expect(off).toBeLessThan(1e-8);
      const zeros = new Float64Array(v.length);
      expect(await hessianVectorProduct(options, zeros)).toEqual(zeros);
    });
  });
});

describe("the extreme curvatures", () => {
  test("of a linear one-layer network are the extreme eigenvalues of X^T X / B", async () => {
    const pairs = symmetricEigenpairs(inputMoments(oneLayer));
    const found = await withOptions(oneLayer, (options) =>
      extremeCurvatures(options, { seed: 1, steps: 12 }),
    );
    expect(found?.largest.value).toBeCloseTo(pairs[0].value, 8);
    expect(found?.smallest.value).toBeCloseTo(pairs[3].value, 8);
    expect(found?.converged).toBe(true);
    // Four eigenvalues, each once for every output: four steps see them all.
    expect(found?.steps).toBeLessThanOrEqual(5);
  });

  test("of a tanh network are those of the Hessian written out column by column", async () => {
    const problem = createProblem({ sizes: [3, 4, 2] });
    await withOptions(problem, async (options) => {
      const size = hessianSize(options.state);
      const columns: Float64Array[] = [];
      for (let i = 0; i < size; i++) {
        const unit = new Float64Array(size);
        unit[i] = 1;
        columns.push(await hessianVectorProduct(options, unit));
      }
      const matrix = columns.map((column, i) =>
        Array.from(column, (value, j) => (value + columns[j][i]) / 2),
      );
      const pairs = symmetricEigenpairs(matrix);
      const found = await extremeCurvatures(options, { seed: 2, steps: size });
      expect(found?.largest.value).toBeCloseTo(pairs[0].value, 6);
      expect(found?.smallest.value).toBeCloseTo(pairs[size - 1].value, 6);
      // Untrained, so that a direction bends downwards.
      expect(found?.smallest.value).toBeLessThan(-1e-3);
    });
  });

  test("of an engine in single precision are the same to a thousandth", async () => {
    await withOptions(createProblem(), async (options) => {
      const exact = await extremeCurvatures(options, { seed: 1, steps: 60 });
      const found = await extremeCurvatures(
        { ...options, engine: inSinglePrecision(options.engine) },
        { seed: 1, steps: 60 },
      );
      const scale = exact?.largest.value ?? Number.NaN;
      for (const end of ["smallest", "largest"] as const) {
        const off = Math.abs((found?.[end].value ?? Number.NaN) - (exact?.[end].value ?? 0));
        expect(off / scale).toBeLessThan(1e-3);
      }
      expect(found?.converged).toBe(true);
    });
  });

  test("are null where a gradient is not finite", async () => {
    await withOptions(oneLayer, async (options) => {
      options.state.layers[0].weights[0] = Number.NaN;
      expect(await extremeCurvatures(options, { seed: 1, steps: 3 })).toBeNull();
    });
  });
});

/** Rounds weights on the way in and gradients on the way out, as an engine does that computes in float32. */
const inSinglePrecision = (engine: Engine): Engine => ({
  ...engine,
  precision: "float32",
  loadState: (replica, state) =>
    engine.loadState(replica, {
      ...state,
      layers: state.layers.map((layer) => ({
        ...layer,
        weights: Float32Array.from(layer.weights),
      })),
    }),
  gradients: async (replica, minibatch, rule) =>
    (await engine.gradients(replica, minibatch, rule)).map(({ weights }) => ({
      weights: Float32Array.from(weights),
    })),
});
