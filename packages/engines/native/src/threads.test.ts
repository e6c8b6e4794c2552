/**
 * Threads change no bit of a result: tiles are fixed by the shape and sums have a fixed order. Of these tests there are
 * none where the addon could not be built; tests/nativeAddon.test.ts tells of that.
 */
import { createHash } from "node:crypto";
import {
  ALGORITHMS,
  type EngineFactory,
  type Evaluation,
  type MinibatchReport,
  type NetworkShape,
  type NetworkState,
  OPTIMISERS,
  type ReplicaSettings,
  type Values,
} from "@pclab/core";
import { describe, expect, test } from "vitest";
import { nativeEngine, nativeInstructionSets } from "./nativeEngine.js";
import { SHAPE, examplesOf, initialStateOf, settingsOf } from "./smallNetwork.js";

interface Trained {
  /** Per layer and tensor, the digest of its bytes. */
  digests: Record<string, string>[];
  reports: (MinibatchReport | null)[];
  evaluation: Evaluation;
}

interface Training {
  settings: ReplicaSettings;
  shape: NetworkShape;
  /** In a minibatch. */
  samples: number;
}

/** All there is to know after one minibatch per element of `threads`, on so many each. */
const trained = async (
  factory: EngineFactory,
  { settings, shape, samples }: Training,
  threads: readonly number[],
): Promise<Trained> => {
  const engine = await factory.create({ shape, batchSize: samples, replicas: [settings] });
  try {
    await engine.loadState(0, initialStateOf(settings, shape));
    const examples = examplesOf(samples, shape);
    const indices = Uint32Array.from({ length: samples }, (_, i) => i);
    const reports: Trained["reports"] = [];
    for (const count of threads) {
      engine.setThreads(count);
      reports.push(...(await engine.trainMinibatch([{ examples, indices }])));
    }
    const evaluation = await engine.evaluate(0, examples, { first: 0, count: samples });
    return { digests: digestsOf(await engine.readState(0)), reports, evaluation };
  } finally {
    await engine.dispose();
  }
};

const digestsOf = ({ layers }: NetworkState): Record<string, string>[] =>
  layers.map(({ weights, bias, logVariance, weightsMoments, biasMoments, logVarianceMoments }) => ({
    ...digestEach({ weights, bias, logVariance }, ""),
    ...digestEach(weightsMoments, "weights "),
    ...digestEach(biasMoments ?? {}, "bias "),
    ...digestEach(logVarianceMoments, "log-variance "),
  }));

const digestEach = (tensors: object, prefix: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, values]: [string, Values | undefined]) =>
      values === undefined
        ? []
        : [[prefix + name, createHash("sha256").update(values).digest("hex")]],
    ),
  );

/** To compare with three minibatches on one thread. */
const OTHER_THREADS = [
  [2, 2, 2],
  [3, 3, 3],
  [8, 8, 8],
  [1, 8, 2],
];

describe.each(nativeInstructionSets())("on %s, equal bytes for 1, 2, 3 and 8 threads:", (name) => {
  const factory = nativeEngine(name);

  const expectEqualBytes = async (training: Partial<Training>): Promise<void> => {
    const whole = { settings: settingsOf(), shape: SHAPE, samples: 50, ...training };
    const alone = await trained(factory, whole, [1, 1, 1]);
    expect(alone.reports.map((report) => report?.divergence)).toEqual([null, null, null]);
    for (const threads of OTHER_THREADS) {
      expect(await trained(factory, whole, threads), threads.join()).toEqual(alone);
    }
  };

  describe.each(ALGORITHMS)("%s", (algorithm) => {
    test.each(OPTIMISERS)("with %s and weight decay", async (optimiser) => {
      const settings = settingsOf({ algorithm, optimiser, weightDecay: 1e-3 });
      await expectEqualBytes({ settings });
    });

    // Less than a tile, one sample over a tile of 32, fewer tiles than threads, and more with some left over.
    test.each([1, 3, 33, 130, 300])("in minibatches of %i", (samples) =>
      expectEqualBytes({ settings: settingsOf({ algorithm }), samples }),
    );

    test("in layers of one unit, of a whole block, and of more than a thread's share", () =>
      expectEqualBytes({
        settings: settingsOf({ algorithm }),
        shape: { ...SHAPE, sizes: [300, 1, 16, 270, 10] },
      }));

    test("where mu = theta f(x), with gelu and without bias", () =>
      expectEqualBytes({
        settings: settingsOf({ algorithm }),
        shape: { ...SHAPE, node: "amb", activation: "gelu", bias: false },
      }));
  });

  /** An early stop is a decision about the whole minibatch: all threads have to take the same one. */
  const expectEqualStops = async (settings: ReplicaSettings, mostSteps: number): Promise<void> => {
    const { reports } = await trained(factory, { settings, shape: SHAPE, samples: 50 }, [1, 1, 1]);
    for (const report of reports) expect(report?.inference?.stepsTaken).toBeLessThan(mostSteps);
    await expectEqualBytes({ settings });
  };

  test.each(["pc", "pc_rc23"] as const)("%s that stops early", async (algorithm) => {
    const { inference } = settingsOf({ algorithm });
    const settings = settingsOf({ algorithm, inference: { ...inference, tolerance: 0.1 } });
    await expectEqualStops(settings, inference.steps);
  });

  describe.each(["dense", "cg"] as const)("gauss_newton, %s,", (solver) => {
    const gaussNewton = (
      algorithm: "pc" | "pc_rc3",
      tolerance: number,
    ): ReplicaSettings["inference"] => ({
      ...settingsOf({ algorithm }).inference,
      method: "gauss_newton",
      outerIterations: 3,
      solver,
      solverTolerance: solver === "cg" ? 0.01 : null,
      tolerance,
    });

    test.each(["pc", "pc_rc3"] as const)("%s in minibatches of 1 to 130", async (algorithm) => {
      const settings = settingsOf({ algorithm, inference: gaussNewton(algorithm, 0) });
      for (const samples of [1, 3, 50, 130]) await expectEqualBytes({ settings, samples });
    });

    test("that stops early", async () => {
      const settings = settingsOf({ algorithm: "pc_rc3", inference: gaussNewton("pc_rc3", 0.5) });
      await expectEqualStops(settings, 3);
    });
  });
});
