/** Weight updates: every algorithm with every optimiser changes the parameters as the oracle does. */
import {
  ALGORITHMS,
  type Algorithm,
  NODE_CONVENTIONS,
  OPTIMISERS,
} from "../../experiment/vocabulary.js";
import type { ConformanceCase, ConformanceTolerances } from "./case.js";
import type { Engine, EngineFactory, ReplicaSettings } from "../engine.js";
import { scheduleFactor } from "../schedule.js";
import { expectClose, expectTrue } from "./compare.js";
import type { OracleNetwork } from "./oracle.js";
import { OracleTrainer } from "./oracleTraining.js";
import { type Problem, createProblem, settingsOf } from "./problems.js";
import { minibatchOf, withEngine } from "./withEngine.js";

export const trainingCases = (
  factory: EngineFactory,
  tolerances: ConformanceTolerances,
): ConformanceCase[] => [
  ...NODE_CONVENTIONS.flatMap((node) =>
    ALGORITHMS.flatMap((algorithm) =>
      OPTIMISERS.map(
        (optimiser): ConformanceCase => ({
          name: `${node}, ${algorithm} with ${optimiser}: three minibatches, the last one short`,
          run: async () => {
            const base = settingsOf(algorithm);
            const adam = optimiser.startsWith("adam");
            const settings: ReplicaSettings = {
              ...base,
              optimiser,
              learningRate: adam ? 0.01 : 0.05,
              weightDecay: 0.02,
              variance: { ...base.variance, decay: 0.1 },
            };
            const tolerance = adam ? tolerances.trainedAdam : tolerances.trained;
            await expectTraining(factory, createProblem({ node, bias: true }), settings, tolerance);
          },
        }),
      ),
    ),
  ),
  scheduleCase(factory, tolerances.trained),
  floorCase(factory),
  outputVarianceCase(factory),
  ...(["pc", "pc_rc2"] as const).map((algorithm) => updateCountCase(factory, algorithm)),
  bpVarianceCase(factory),
];

const BATCHES = [
  [0, 1, 2, 3],
  [4, 2, 0, 1],
  [3, 4],
];

/** Three minibatches, the last one short, give the oracle's parameters. */
export const expectTraining = async (
  factory: EngineFactory,
  problem: Problem,
  settings: ReplicaSettings,
  tolerance: number,
): Promise<void> =>
  withEngine(factory, problem, [settings], async (engine) => {
    const trainer = new OracleTrainer(problem.network, problem.shape.bias, settings);
    for (const indices of BATCHES) {
      await engine.trainMinibatch([minibatchOf(problem, indices)]);
      trainer.minibatch(
        indices.map((index) => problem.inputs[index]),
        indices.map((index) => problem.targets[index]),
      );
    }
    await expectParameters(engine, trainer.net, problem, tolerance);
  });

const expectParameters = async (
  engine: Engine,
  net: OracleNetwork,
  problem: Problem,
  tolerance: number,
): Promise<void> => {
  const { layers } = await engine.readState(0);
  layers.forEach(({ weights, bias, logVariance }, index) => {
    const l = index + 1;
    expectClose(weights, net.weights[l].flat(), tolerance, `weights of layer ${l}`);
    expectClose(logVariance, net.s[l], tolerance, `log-variances of layer ${l}`);
    if (problem.shape.bias) expectClose(bias ?? [], net.bias[l], tolerance, `bias of layer ${l}`);
  });
};

const scheduleCase = (factory: EngineFactory, tolerance: number): ConformanceCase => ({
  name: "the schedule scales both rates by the weight update's number",
  run: async () => {
    const schedule = { warmupCosine: { warmup: 0.25, final: 0.1 } };
    const settings = { ...settingsOf("pc_rc3"), schedule, totalWeightUpdates: 8 };
    const problem = createProblem();
    await withEngine(factory, problem, [settings], async (engine) => {
      let net = problem.network;
      for (let update = 0; update < 4; update++) {
        // With sgd and no moments, an oracle with the scheduled rates may start anew each time.
        const factor = scheduleFactor(schedule, update, 8);
        const trainer = new OracleTrainer(net, false, {
          ...settings,
          learningRate: factor * settings.learningRate,
          variance: {
            ...settings.variance,
            learningRate: factor * (settings.variance.learningRate ?? 0),
          },
        });
        trainer.minibatch(problem.inputs, problem.targets);
        await engine.trainMinibatch([minibatchOf(problem)]);
        net = trainer.net;
      }
      await expectParameters(engine, net, problem, tolerance);
    });
  },
});

const floorCase = (factory: EngineFactory): ConformanceCase => ({
  name: "no log-variance falls below the floor, and the step uses the raised one",
  run: async () => {
    const base = settingsOf("pc_rc3");
    const variance = { ...base.variance, learningRate: 50, floor: -1 };
    const problem = createProblem();
    await withEngine(factory, problem, [{ ...base, variance }], async (engine) => {
      await engine.trainMinibatch([minibatchOf(problem)]);
      const { layers } = await engine.readState(0);
      const hidden = layers.slice(0, -1).flatMap(({ logVariance }) => [...logVariance]);
      expectTrue(Math.min(...hidden) === -1, `the lowest is ${Math.min(...hidden)}, the floor -1`);
    });
  },
});

const outputVarianceCase = (factory: EngineFactory): ConformanceCase => ({
  name: "the output's log-variance moves with trainOutput alone",
  run: async () => {
    const base = settingsOf("pc_rc3");
    const replicas = [false, true].map((trainOutput) => ({
      ...base,
      variance: { ...base.variance, trainOutput },
    }));
    const problem = createProblem();
    await withEngine(factory, problem, replicas, async (engine) => {
      await engine.trainMinibatch([minibatchOf(problem), minibatchOf(problem)]);
      const start = problem.network.s[problem.network.s.length - 1];
      const moved = async (replica: number) => {
        const { layers } = await engine.readState(replica);
        return (layers.at(-1)?.logVariance ?? []).some((s, i) => Math.abs(s - start[i]) > 1e-4);
      };
      expectTrue(!(await moved(0)), "it moved without trainOutput");
      expectTrue(await moved(1), "it stood still with trainOutput");
    });
  },
});

const updateCountCase = (factory: EngineFactory, algorithm: Algorithm): ConformanceCase => ({
  name: `${algorithm}: the report counts weight updates, and inference stops at one`,
  run: async () => {
    const base = settingsOf(algorithm);
    const problem = createProblem();
    const early = { ...base, inference: { ...base.inference, tolerance: 1e6 } };
    await withEngine(factory, problem, [base, early], async (engine) => {
      const batch = minibatchOf(problem);
      const reports = await engine.trainMinibatch([batch, batch]);
      const actual = reports.flatMap((r) => [
        r?.weightUpdates ?? -1,
        r?.inference?.stepsTaken ?? -1,
      ]);
      // Under a tolerance that every step meets, pc stops after one step, rc2 at its first update.
      const expected = algorithm === "pc" ? [1, 12, 1, 1] : [3, 12, 1, 4];
      expectClose(actual, expected, 0, "updates and steps");
      const { weightUpdates } = await engine.readState(0);
      expectClose([weightUpdates], [expected[0]], 0, "the state's weight updates");
    });
  },
});

const bpVarianceCase = (factory: EngineFactory): ConformanceCase => ({
  name: "bp reports no inference",
  run: async () => {
    const problem = createProblem();
    await withEngine(factory, problem, [settingsOf("bp")], async (engine) => {
      const [report] = await engine.trainMinibatch([minibatchOf(problem)]);
      expectTrue(report !== null && report.inference === null, "it reported some");
    });
  },
});
