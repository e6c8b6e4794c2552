import type { Engine, EngineFactory, Minibatch, ReplicaSettings } from "../engine.js";
import type { Problem } from "./problems.js";

/** Runs `use` with an engine that holds the problem's network once for each of the settings, and disposes of it. */
export const withEngine = async (
  factory: EngineFactory,
  problem: Problem,
  replicas: ReplicaSettings[],
  use: (engine: Engine) => Promise<void>,
): Promise<void> => {
  const engine = await factory.create({
    shape: problem.shape,
    batchSize: problem.examples.count,
    replicas,
  });
  try {
    for (const [replica, { optimiser }] of replicas.entries()) {
      await engine.loadState(replica, problem.stateFor(optimiser));
    }
    await use(engine);
  } finally {
    await engine.dispose();
  }
};

/** The problem's examples of these numbers; all of them by default. */
export const minibatchOf = (problem: Problem, indices?: number[]): Minibatch => ({
  examples: problem.examples,
  indices: Uint32Array.from(indices ?? problem.inputs.map((_, index) => index)),
});
