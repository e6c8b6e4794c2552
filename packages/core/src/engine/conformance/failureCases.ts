/** Divergence shows itself and stays where it is; what does not fit is refused. */
import type { ConformanceCase } from "./case.js";
import type { Divergence, EngineFactory, ReplicaSettings } from "../engine.js";
import { expectSameState, expectTrue } from "./compare.js";
import { createProblem, settingsOf } from "./problems.js";
import { minibatchOf, withEngine } from "./withEngine.js";

export const failureCases = (factory: EngineFactory): ConformanceCase[] => [
  ...divergences.map(
    ({ name, settings, accepted }): ConformanceCase => ({
      name: `${name} is reported as divergence, with its update and layer`,
      run: async () => {
        const divergence = await divergenceOf(factory, settings);
        const found = JSON.stringify(divergence);
        expectTrue(divergence !== null && accepted(divergence), `reported ${found}`);
      },
    }),
  ),
  {
    name: "a diverged replica leaves the others their bytes",
    run: async () => {
      const problem = createProblem({ activation: "identity" });
      const sound = settingsOf("pc_rc3");
      const wild = { ...sound, inference: { ...sound.inference, rate: 1e30 } };
      await withEngine(factory, problem, [sound, wild, sound], async (engine) => {
        await withEngine(factory, problem, [sound], async (alone) => {
          const batch = minibatchOf(problem);
          for (let round = 0; round < 4; round++) {
            const reports = await engine.trainMinibatch([batch, round < 2 ? batch : null, batch]);
            expectTrue(reports[0]?.divergence === null, "the sound one diverged");
            if (round < 2) expectTrue(reports[1]?.divergence !== null, "the wild one did not");
            await alone.trainMinibatch([batch]);
          }
          const expected = await alone.readState(0);
          expectSameState(await engine.readState(0), expected, "before the diverged one");
          expectSameState(await engine.readState(2), expected, "after the diverged one");
        });
      });
    },
  },
  {
    name: "a state of another shape is refused",
    run: async () => {
      const problem = createProblem();
      const other = createProblem({ sizes: [7, 6, 5, 8, 4] });
      await withEngine(factory, problem, [settingsOf("pc")], async (engine) => {
        const refused = await engine.loadState(0, other.stateFor("sgd")).then(
          () => "",
          (error: unknown) => (error instanceof Error ? error.message : ""),
        );
        expectTrue(refused.includes("does not fit"), "it was accepted");
      });
    },
  },
];

const divergences: {
  name: string;
  settings: ReplicaSettings;
  accepted: (divergence: Divergence) => boolean;
}[] = [
  {
    name: "an inference rate of 1e9",
    settings: {
      ...settingsOf("pc"),
      inference: { ...settingsOf("pc").inference, rate: 1e9, steps: 80, updateEvery: 80 },
    },
    accepted: ({ quantity, layer, weightUpdate }) =>
      quantity === "energy" && layer !== null && weightUpdate === 0,
  },
  {
    name: "a learning rate of 1e300",
    settings: { ...settingsOf("bp"), learningRate: 1e300 },
    accepted: ({ quantity, weightUpdate }) =>
      (quantity === "loss" || quantity === "weights") && weightUpdate >= 1,
  },
  {
    name: "a variance rate of 1e300",
    settings: {
      ...settingsOf("pc_rc3"),
      variance: { ...settingsOf("pc_rc3").variance, learningRate: 1e300, floor: -1e308 },
    },
    accepted: ({ quantity, layer }) =>
      (quantity === "log_variance" || quantity === "energy") && layer !== null,
  },
];

/** Trains until the replica diverges, ten minibatches at most. */
const divergenceOf = async (
  factory: EngineFactory,
  settings: ReplicaSettings,
): Promise<Divergence | null> => {
  const problem = createProblem({ activation: "identity" });
  let divergence: Divergence | null = null;
  await withEngine(factory, problem, [settings], async (engine) => {
    for (let round = 0; round < 10 && divergence === null; round++) {
      const [report] = await engine.trainMinibatch([minibatchOf(problem)]);
      divergence = report?.divergence ?? null;
    }
  });
  return divergence;
};
