/**
 * How many outer iterations of dual Gauss-Newton bring Q as near to its equilibrium as is asked, and what they take
 * beside the paper's 256 gradient steps. The equilibrium stands in by the lowest Q of very many gradient steps.
 */
import {
  type Dataset,
  type ExperimentSpec,
  type GaussNewtonSolver,
  Generator,
  type Minibatch,
  type NetworkState,
  engineOptionsOf,
} from "@pclab/core";
import type { BenchEngine } from "../engines.js";
import { interleave } from "../interleave.js";
import { Kernel } from "../kernel.js";
import { median } from "../statistics.js";
import { type Overrides, type Shape, type WorkloadSettings, specOf } from "../workload.js";

export interface ExcessSettings {
  workload: WorkloadSettings;
  batch: number;
  widths: readonly number[];
  /** Minibatches that train the network before it is probed. */
  trainingMinibatches: number;
  /** Gradient steps that stand for the equilibrium. */
  equilibriumSteps: number;
  /** (Q - Q of the equilibrium) / Q of the equilibrium that counts as reached. */
  reached: number;
  mostOuterIterations: number;
  rounds: number;
  /** For training and tracing; times are of one thread. */
  threads: number;
}

export interface ExcessStudy extends Shape {
  algorithm: "pc" | "pc_rc3";
  /** Relative excess of Q after the gradient steps. */
  gradientExcess: number;
  gradientMs: number;
  solvers: SolverStudy[];
}

export interface SolverStudy {
  solver: GaussNewtonSolver;
  /** Element k-1 is the relative excess after k outer iterations. */
  excess: number[];
  /** The fewest outer iterations that reach the asked excess; null where none of those tried does. */
  iterations: number | null;
  /** A minibatch with that many; null with `iterations`. */
  milliseconds: number | null;
  /** How many times the gradient steps take as long; null with `iterations`. */
  speedup: number | null;
}

const ALGORITHMS = ["pc", "pc_rc3"] as const;
const SOLVERS: readonly GaussNewtonSolver[] = ["dense", "cg"];

/** So small a rate leaves the weights where they are, so that every timed minibatch meets the same network. */
const STANDING_RATE = 1e-30;

export async function studyExcess(
  engine: BenchEngine,
  dataset: Dataset,
  settings: ExcessSettings,
  onNetwork: (name: string) => void,
): Promise<ExcessStudy[]> {
  const studies: ExcessStudy[] = [];
  for (const width of settings.widths) {
    for (const algorithm of ALGORITHMS) {
      onNetwork(`${algorithm}, width ${width}`);
      studies.push(await studyNetwork({ engine, dataset, settings, width, algorithm }));
    }
  }
  return studies;
}

interface Network {
  engine: BenchEngine;
  dataset: Dataset;
  settings: ExcessSettings;
  width: number;
  algorithm: (typeof ALGORITHMS)[number];
}

async function studyNetwork(network: Network): Promise<ExcessStudy> {
  const { settings, width, algorithm } = network;
  const state = await trainedState(network);
  const equilibrium = await tracedEnergies(network, state, {
    inference: { steps: settings.equilibriumSteps },
  });
  const lowest = Math.min(...equilibrium);
  const excessOf = (energies: readonly number[]): number[] =>
    energies.slice(1).map((energy) => (energy - lowest) / lowest);

  const traced: { solver: GaussNewtonSolver; excess: number[] }[] = [];
  for (const solver of SOLVERS) {
    const outer = settings.mostOuterIterations;
    const energies = await tracedEnergies(network, state, gaussNewton(solver, outer));
    traced.push({ solver, excess: excessOf(energies) });
  }
  const timed = traced.map(({ excess }) => {
    const index = excess.findIndex((value) => value < settings.reached);
    return index < 0 ? null : index + 1;
  });
  const [gradientMs, ...solverMs] = await timeSpecs(network, state, [
    {},
    ...traced.map(({ solver }, index) => gaussNewton(solver, timed[index] ?? 1)),
  ]);
  return {
    algorithm,
    width,
    batch: settings.batch,
    gradientExcess: excessOf(equilibrium)[settings.workload.steps - 1] as number,
    gradientMs: gradientMs as number,
    solvers: traced.map(({ solver, excess }, index) => {
      const iterations = timed[index] ?? null;
      const milliseconds = iterations === null ? null : (solverMs[index] as number);
      const speedup = milliseconds === null ? null : (gradientMs as number) / milliseconds;
      return { solver, excess, iterations, milliseconds, speedup };
    }),
  };
}

const gaussNewton = (solver: GaussNewtonSolver, iterations: number): Overrides => ({
  inference: { method: "gauss_newton", outer_iterations: iterations, solver, steps: null },
});

const networkSpec = (
  { settings, width, algorithm }: Network,
  overrides: Overrides = {},
): ExperimentSpec =>
  specOf(algorithm, { width, batch: settings.batch }, settings.workload, overrides);

/** Trained as the paper trains: by gradient steps, at the algorithm's own rates. */
async function trainedState(network: Network): Promise<NetworkState> {
  const { engine, dataset, settings } = network;
  const kernel = await Kernel.start(engine, networkSpec(network), dataset.train);
  try {
    kernel.engine.setThreads(settings.threads);
    for (let done = 0; done < settings.trainingMinibatches; done++) await kernel.trainMinibatch();
    return await kernel.engine.readState(0);
  } finally {
    await kernel.engine.dispose();
  }
}

/** Q after 0, 1, ... steps or iterations, summed over a minibatch that the network was not trained on. */
async function tracedEnergies(
  network: Network,
  state: NetworkState,
  overrides: Overrides,
): Promise<number[]> {
  const { engine, settings } = network;
  const spec = networkSpec(network, overrides);
  const built = await engine.factory().create(engineOptionsOf(spec));
  try {
    await built.loadState(0, state);
    built.setThreads(settings.threads);
    const trace = await built.tracePhase(0, probe(network), false);
    return trace.quadraticEnergy;
  } finally {
    await built.dispose();
  }
}

const probe = ({ dataset, settings }: Network): Minibatch => {
  const { count } = dataset.test;
  const order = Generator.seeded(settings.workload.seed, "probes").permutation(count);
  return { examples: dataset.test, indices: order.slice(0, settings.batch) };
};

/** Milliseconds a minibatch on one thread, the weights standing still; median over rounds in which each has its turn. */
async function timeSpecs(
  network: Network,
  state: NetworkState,
  variants: readonly Overrides[],
): Promise<number[]> {
  const { engine, dataset, settings } = network;
  const kernels: Kernel[] = [];
  try {
    for (const overrides of variants) {
      const spec = networkSpec(network, {
        ...overrides,
        learning_rate: STANDING_RATE,
        variance: { learning_rate: STANDING_RATE },
      });
      const kernel = await Kernel.start(engine, spec, dataset.train);
      kernels.push(kernel);
      await kernel.engine.loadState(0, state);
      kernel.engine.setThreads(1);
      await kernel.trainMinibatch();
    }
    const turns = { count: kernels.length, rounds: settings.rounds };
    const results = await interleave(turns, async (index) =>
      (kernels[index] as Kernel).trainMinibatch(),
    );
    return results.map(median);
  } finally {
    for (const kernel of kernels) await kernel.engine.dispose();
  }
}
