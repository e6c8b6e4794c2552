/** Same bytes: again, after a resume, and beside other replicas. */
import { ALGORITHMS, OPTIMISERS } from "../../experiment/vocabulary.js";
import type { ConformanceCase } from "./case.js";
import type { EngineFactory, NetworkState, ReplicaSettings } from "../engine.js";
import { expectSameState, expectTrue } from "./compare.js";
import { type Problem, createProblem, settingsOf } from "./problems.js";
import { minibatchOf, withEngine } from "./withEngine.js";

const BATCHES = [
  [0, 1, 2, 3, 4],
  [3, 1],
  [2, 4, 0],
];

export const determinismCases = (factory: EngineFactory): ConformanceCase[] => [
  ...ALGORITHMS.flatMap((algorithm) =>
    OPTIMISERS.map(
      (optimiser): ConformanceCase => ({
        name: `${algorithm} with ${optimiser}: a state read and loaded goes on to the same bytes`,
        run: async () =>
          expectSameResumed(factory, { ...settingsOf(algorithm), optimiser, learningRate: 0.01 }),
      }),
    ),
  ),
  {
    name: "replicas packed together give the bytes each gives alone, and null leaves one out",
    run: async () => {
      const problem = createProblem();
      const replicas = ALGORITHMS.map((algorithm) => settingsOf(algorithm));
      await withEngine(factory, problem, replicas, async (engine) => {
        for (const [round, indices] of BATCHES.entries()) {
          const batch = minibatchOf(problem, indices);
          const reports = await engine.trainMinibatch(
            replicas.map((_, replica) => (round === 1 && replica === 2 ? null : batch)),
          );
          expectTrue((reports[2] === null) === (round === 1), "a report for the one left out");
        }
        for (const [replica, settings] of replicas.entries()) {
          const batches = BATCHES.filter((_, round) => !(round === 1 && replica === 2));
          const alone = await trained(factory, problem, settings, batches);
          expectSameState(await engine.readState(replica), alone, settings.algorithm);
        }
      });
    },
  },
  {
    name: "evaluating, taking gradients and tracing change nothing",
    run: async () => {
      const problem = createProblem();
      await withEngine(factory, problem, [settingsOf("pc_rc23")], async (engine) => {
        await engine.trainMinibatch([minibatchOf(problem)]);
        const before = await engine.readState(0);
        await engine.evaluate(0, problem.examples, { first: 0, count: 5 });
        await engine.gradients(0, minibatchOf(problem), "pc");
        await engine.gradients(0, minibatchOf(problem), "bp");
        await engine.tracePhase(0, minibatchOf(problem), false);
        expectSameState(await engine.readState(0), before, "after looking");
      });
    },
  },
  {
    name: "a state that was read is a copy",
    run: async () => {
      const problem = createProblem();
      await withEngine(factory, problem, [settingsOf("pc")], async (engine) => {
        const before = await engine.readState(0);
        before.layers[0].weights.fill(7);
        const after = await engine.readState(0);
        expectTrue(after.layers[0].weights[0] !== 7, "the engine's weights changed with it");
      });
    },
  },
];

/** A run cut in its middle, read, and loaded into another engine ends with the bytes of one that was not. */
export const expectSameResumed = async (
  factory: EngineFactory,
  settings: ReplicaSettings,
): Promise<void> => {
  const problem = createProblem({ bias: true });
  const straight = await trained(factory, problem, settings, BATCHES);
  const half = await trained(factory, problem, settings, BATCHES.slice(0, 2));
  const resumed = await trained(factory, problem, settings, BATCHES.slice(2), half);
  expectSameState(resumed, straight, "resumed against straight");
};

const trained = async (
  factory: EngineFactory,
  problem: Problem,
  settings: ReplicaSettings,
  batches: number[][],
  from?: NetworkState,
): Promise<NetworkState> => {
  let state: NetworkState = { layers: [], weightUpdates: 0 };
  await withEngine(factory, problem, [settings], async (engine) => {
    if (from !== undefined) await engine.loadState(0, from);
    for (const indices of batches) await engine.trainMinibatch([minibatchOf(problem, indices)]);
    state = await engine.readState(0);
  });
  return state;
};
