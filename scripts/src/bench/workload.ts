/** What is trained: the models and shapes of the tables, as specs, and how much arithmetic a minibatch is. */
import { CLASS_COUNT, type ExperimentSpec, IMAGE_PIXELS, parseSpec } from "@pclab/core";
import { UnavailableError } from "./unavailable.js";

/** The last two infer by one outer iteration of dual Gauss-Newton. */
export const MODELS = [
  "pc",
  "pc_rc2",
  "pc_rc3",
  "bp",
  "pc_gauss_newton",
  "pc_rc3_gauss_newton",
] as const;
export type Model = (typeof MODELS)[number];

export interface Shape {
  width: number;
  batch: number;
}

/** What all workloads of one run of the benchmark share. */
export interface WorkloadSettings {
  /** Hidden layers. */
  depth: number;
  /** T of the models that take gradient steps. */
  steps: number;
  seed: number;
}

const GAUSS_NEWTON = "_gauss_newton";

export const usesGaussNewton = (model: Model): boolean => model.endsWith(GAUSS_NEWTON);

/** Fields of the wire form, laid over the workload's own. */
export type Overrides = Record<string, unknown> & { inference?: Record<string, unknown> };

/** @throws UnavailableError with the problems, where this version refuses the spec */
export const specOf = (
  model: Model,
  { width, batch }: Shape,
  { depth, steps, seed }: WorkloadSettings,
  { inference, ...fields }: Overrides = {},
): ExperimentSpec => {
  const isGaussNewton = usesGaussNewton(model);
  const parsed = parseSpec({
    algorithm: isGaussNewton ? model.slice(0, -GAUSS_NEWTON.length) : model,
    width,
    depth,
    batch_size: batch,
    seed,
    inference: {
      ...(isGaussNewton ? { method: "gauss_newton", outer_iterations: 1 } : { steps }),
      ...inference,
    },
    ...fields,
  });
  if (parsed.ok) return parsed.value;
  throw new UnavailableError(parsed.problems.map(({ detail }) => detail).join("; "));
};

/** Weights of the first layer, and of all others together. */
export const weightCounts = (width: number, depth: number): { first: number; inner: number } => ({
  first: IMAGE_PIXELS * width,
  inner: (depth - 1) * width * width + width * CLASS_COUNT,
});

/**
 * Floating-point operations of a minibatch's matrix products, two a multiply-add, counted as the PyTorch baselines of
 * docs/PERFORMANCE.md count them: pc, two products a step of every layer but the first, whose prediction stands still
 * (forward pass and weight gradient are left out); bp, three products a layer. Null for Gauss-Newton: how many products
 * its solver takes depends on the network.
 */
export const matrixFlops = (
  model: Model,
  shape: Shape,
  settings: WorkloadSettings,
): number | null => {
  const { first, inner } = weightCounts(shape.width, settings.depth);
  if (usesGaussNewton(model)) return null;
  return model === "bp"
    ? 6 * shape.batch * (first + inner)
    : 4 * shape.batch * inner * settings.steps;
};
