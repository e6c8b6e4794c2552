/**
 * Condition 2 step by step: how far inference has come after 0, 1, 2, 4, ... steps on a probe batch, at fixed weights,
 * and what it leaves of Q above an equilibrium. Each step count is a phase of its own from the forward start, since an
 * engine tells the inference residual at the end of a phase alone.
 */
import type {
  Engine,
  EngineFactory,
  EngineOptions,
  Minibatch,
  NetworkState,
  PhaseTrace,
  ReplicaSettings,
} from "../engine/engine.js";
import type { InferenceSettings } from "../experiment/spec.js";
import { type InferenceMethod, SMOOTH_ACTIVATIONS } from "../experiment/vocabulary.js";

export interface PhaseConvergenceOptions {
  engine: EngineFactory;
  /** The run's; the first replica's settings say how it infers. */
  engineOptions: EngineOptions;
  /** The run's weights and log-variances; not changed. */
  state: NetworkState;
  /** The probe batch, of any size. */
  minibatch: Minibatch;
  /**
   * Gradient steps of the reference phase. By default it is Gauss-Newton's where both activations are smooth, and
   * elsewhere 20,000 steps at the run's inference rate.
   */
  referenceSteps?: number;
  /** Awaited between two phases. */
  breathe?: () => Promise<void>;
  /** May change at any time; takes effect at the next phase. One thread by default. */
  control?: { readonly threads: number };
}

/** The end of a phase. What is not finite, because the phase diverged, is null. */
export interface PhaseEnd {
  /** Activity steps or outer iterations taken. */
  steps: number;
  /** Q, mean over the samples. */
  quadratic_energy: number | null;
  /** |dE/dx| over the hidden activities of a sample. */
  inference_residual: { mean: number | null; max: number | null };
}

export interface PhasePoint extends PhaseEnd {
  /** Q / Q of the reference - 1; below 0 where the phase found the deeper minimum. Null where the reference is 0. */
  relative_excess: number | null;
}

export interface PhaseConvergence {
  /** What `steps` of a point counts, by the run's inference method. */
  unit: "activity_steps" | "outer_iterations";
  examples: number;
  /** In order of their steps: 0, 1, 2, 4, ... and the run's own. */
  points: PhasePoint[];
  /** Its residual tells how far it can be trusted as the equilibrium. */
  reference: PhaseEnd & { method: InferenceMethod };
  /** Share of the samples with |yhat - y| < delta in the forward pass. */
  condition_1: { delta: number; share: number };
}

const REFERENCE_STEPS = 20_000;

/** Far from a solution Gauss-Newton halves its steps, and needs many; on trained networks the tolerance ends it after a few. */
const REFERENCE_OUTER_ITERATIONS = 50;
/** Q's rounding in single precision is 1e-7 of it: a finer tolerance would never be met there. */
const REFERENCE_TOLERANCE = 1e-6;

/** 0, 1, 2, 4, ... below `last`, and `last` itself. */
export const phaseStepCounts = (last: number): number[] => {
  const counts = [0];
  for (let steps = 1; steps < last; steps *= 2) counts.push(steps);
  return [...counts, last];
};

/** About two of the run's phases for the points, and the reference phase. The answer is plain JSON. */
export const measurePhaseConvergence = async (
  options: PhaseConvergenceOptions,
): Promise<PhaseConvergence> => {
  const { minibatch, breathe } = options;
  const settings = options.engineOptions.replicas[0];
  const { inference } = settings;
  const isGaussNewton = inference.method === "gauss_newton";
  const last = isGaussNewton ? (inference.outerIterations ?? 1) : inference.steps;
  const reference = await measureReference(options);
  const points: PhasePoint[] = [];
  for (const steps of phaseStepCounts(last)) {
    await breathe?.();
    const end = await measurePhase(options, phaseOf(inference, steps));
    // The first point's one step, of length 0, is none.
    points.push({ ...end, steps, relative_excess: excessOf(end, reference) });
  }
  return {
    unit: isGaussNewton ? "outer_iterations" : "activity_steps",
    examples: minibatch.indices.length,
    points,
    reference,
    condition_1: {
      delta: settings.condition1Delta,
      share: await withProbe(options, inference, (engine) =>
        condition1Share(engine, minibatch, settings.condition1Delta),
      ),
    },
  };
};

/** The run's inference, ended after `steps` steps and not before. */
const phaseOf = (inference: InferenceSettings, steps: number): InferenceSettings => {
  const whole = { ...inference, tolerance: 0 };
  // Engines take at least one step: one of length 0 leaves the forward start where it is.
  if (steps === 0) return { ...whole, method: "gradient", steps: 1, updateEvery: 1, rate: 0 };
  if (inference.method === "gauss_newton") return { ...whole, outerIterations: steps };
  return { ...whole, steps, updateEvery: steps };
};

const measureReference = async (
  options: PhaseConvergenceOptions,
): Promise<PhaseConvergence["reference"]> => {
  const inference = referenceOf(options);
  return { method: inference.method, ...(await measurePhase(options, inference)) };
};

const referenceOf = ({
  engineOptions: { shape, replicas },
  referenceSteps,
}: PhaseConvergenceOptions): InferenceSettings => {
  const { inference } = replicas[0];
  const isSmooth = [shape.activation, shape.outputActivation].every((name) =>
    SMOOTH_ACTIVATIONS.includes(name),
  );
  if (referenceSteps === undefined && isSmooth) {
    return {
      ...inference,
      method: "gauss_newton",
      tolerance: REFERENCE_TOLERANCE,
      outerIterations: REFERENCE_OUTER_ITERATIONS,
      solver: "dense",
      solverTolerance: null,
    };
  }
  return phaseOf({ ...inference, method: "gradient" }, referenceSteps ?? REFERENCE_STEPS);
};

const measurePhase = async (
  options: PhaseConvergenceOptions,
  inference: InferenceSettings,
): Promise<PhaseEnd> =>
  withProbe(options, inference, async (engine) =>
    endOf(await engine.tracePhase(0, options.minibatch, false), options.minibatch.indices.length),
  );

/** Runs `use` with an engine of one replica that holds the state and infers so, and disposes of it. */
const withProbe = async <T>(
  { engine: factory, engineOptions, state, minibatch, control }: PhaseConvergenceOptions,
  inference: InferenceSettings,
  use: (engine: Engine) => Promise<T>,
): Promise<T> => {
  // Weights stand still here, and as plain pc every algorithm infers alike: what rc2 and bp do differently are updates.
  const replica: ReplicaSettings = { ...engineOptions.replicas[0], algorithm: "pc", inference };
  const engine = await factory.create({
    ...engineOptions,
    batchSize: minibatch.indices.length,
    replicas: [replica],
  });
  try {
    engine.setThreads(control?.threads ?? 1);
    await engine.loadState(0, state);
    return await use(engine);
  } finally {
    await engine.dispose();
  }
};

const endOf = (trace: PhaseTrace, samples: number): PhaseEnd => ({
  steps: trace.stepsTaken,
  quadratic_energy: finiteOrNull(trace.quadraticEnergy[trace.stepsTaken] / samples),
  inference_residual: {
    mean: finiteOrNull(trace.residualSum / samples),
    max: finiteOrNull(trace.residualMax),
  },
});

const excessOf = (end: PhaseEnd, reference: PhaseEnd): number | null => {
  if (end.quadratic_energy === null || reference.quadratic_energy === null) return null;
  return finiteOrNull(end.quadratic_energy / reference.quadratic_energy - 1);
};

/** By the loss 1/2 |yhat - y|^2, an example at a time. */
const condition1Share = async (
  engine: Engine,
  { examples, indices }: Minibatch,
  delta: number,
): Promise<number> => {
  let met = 0;
  for (const first of indices) {
    const { lossSum } = await engine.evaluate(0, examples, { first, count: 1 });
    if (Math.sqrt(2 * lossSum) < delta) met += 1;
  }
  return met / indices.length;
};

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
