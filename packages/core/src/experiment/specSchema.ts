/**
 * The wire form of a spec (snake_case JSON): every field, its range and its unit. docs/ARCHITECTURE.md names the table
 * this follows. Optional fields may also be null, which means "not set", so that a printed spec can be posted again.
 */
import { z } from "zod";
import {
  ACTIVATIONS,
  ALGORITHMS,
  DATASETS,
  ENGINES,
  GAUSS_NEWTON_SOLVERS,
  INFERENCE_METHODS,
  INITIALISATIONS,
  NODE_CONVENTIONS,
  OPTIMISERS,
  TIMINGS,
} from "./vocabulary.js";

/** Images in the training files of both data sets: training and validation images are drawn from them. */
export const TRAINING_IMAGES = 60_000;
export const TEST_IMAGES = 10_000;

const optional = <T extends z.ZodType>(schema: T, description: string) =>
  schema.nullish().meta({ description });

const positive = z.number().gt(0);
const nonNegative = z.number().min(0);
const integer = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);

const scheduleSchema = z.union([
  z.literal("constant"),
  z.strictObject({
    warmup_cosine: z.strictObject({
      warmup: z
        .number()
        .min(0)
        .lt(1)
        .meta({ description: "share of the run's weight updates that warm up linearly" }),
      final: z
        .number()
        .min(0)
        .max(1)
        .meta({ description: "share of the learning rate left at the end" }),
    }),
  }),
]);

const inferenceSchema = z.strictObject({
  method: optional(
    z.enum(INFERENCE_METHODS),
    "how activities settle; default gradient. gauss_newton does not use the next four",
  ),
  steps: optional(integer(1, 100_000), "T, activity steps a minibatch; default 256"),
  rate: optional(positive, "gamma, the activity step; default 0.1"),
  update_every: optional(
    integer(1, 100_000),
    "weights are updated after every so many steps; divides steps; default 8 with rc2, else steps",
  ),
  precondition: optional(z.boolean(), "multiply the activity gradient by Sigma; default true"),
  tolerance: optional(
    nonNegative,
    "stop a phase when |dQ|/Q of every sample is below it; default 0, never early",
  ),
  outer_iterations: optional(
    integer(1, 1000),
    "gauss_newton: most iterations a minibatch; default 1",
  ),
  solver: optional(
    z.enum(GAUSS_NEWTON_SOLVERS),
    "gauss_newton: cg, conjugate gradients, or dense; default cg",
  ),
  solver_tolerance: optional(
    positive.lt(1),
    "cg: solver residual over right-hand side, of every sample; default 0.03; 0.001 with trained variances or more outer iterations",
  ),
});

const varianceSchema = z.strictObject({
  learning_rate: optional(positive, "rate of ln Sigma; default by algorithm: rc3 3e-2, rc23 1e-5"),
  floor: optional(z.number(), "lower bound of ln Sigma; default -8"),
  initial: optional(z.number(), "ln Sigma at the start; default 0"),
  train_output: optional(
    z.boolean(),
    "train the output's variance too; default true with rc23 only",
  ),
});

export const specSchema = z.strictObject({
  algorithm: z.enum(ALGORITHMS).meta({ description: "bp, or pc with its relaxed conditions" }),
  dataset: optional(z.enum(DATASETS), "default fashion-mnist"),
  width: optional(integer(1, 8192), "units in each hidden layer; default 256"),
  depth: optional(integer(1, 64), "hidden layers; default 8"),
  activation: optional(z.enum(ACTIVATIONS), "default tanh"),
  output_activation: optional(z.enum(ACTIVATIONS), "default identity"),
  node: optional(
    z.enum(NODE_CONVENTIONS),
    "mba: mu = f(theta x), the default; amb: mu = theta f(x)",
  ),
  bias: optional(z.boolean(), "default false"),
  initialisation: optional(z.enum(INITIALISATIONS), "default uniform_fan_in (PyTorch's)"),
  train_size: optional(integer(1, TRAINING_IMAGES), "training images; default 55000"),
  validation_size: optional(integer(0, TRAINING_IMAGES - 1), "validation images; default 5000"),
  test_size: optional(integer(1, TEST_IMAGES), "test images; default 10000"),
  standardise: optional(z.boolean(), "one mean and one sd over the training pixels; default true"),
  batch_size: optional(integer(1, 4096), "default 64"),
  epochs: optional(integer(1, 10_000), "default 5; or weight_updates"),
  weight_updates: optional(
    integer(1, 1_000_000_000),
    "train for so many weight updates instead of epochs",
  ),
  evaluate_every: optional(
    positive.max(10_000),
    "in epochs; default 0.1 in the first epoch, then 1",
  ),
  keep_checkpoints: optional(
    integer(0, 100),
    "checkpoints kept on the way, evenly spaced, for analyses over training; default 0: the last alone",
  ),
  keep_best: optional(
    z.boolean(),
    "keep the checkpoint of the evaluation that validated best, beside the last; default false",
  ),
  optimiser: optional(z.enum(OPTIMISERS), "default adam"),
  learning_rate: optional(
    positive,
    "default by algorithm: bp 1e-3, pc 3e-4, pc_rc2 1e-5, pc_rc3 1e-3, pc_rc23 1e-5",
  ),
  weight_decay: optional(nonNegative, "coupled, or decoupled with adamw; default 0"),
  variance_decay: optional(nonNegative, "the same on ln Sigma; default 0"),
  schedule: optional(
    scheduleSchema,
    "constant, or linear warm-up and cosine decay; default constant",
  ),
  inference: optional(inferenceSchema, "how activities settle; unused by bp"),
  variance: optional(
    varianceSchema,
    "Sigma; learning_rate and train_output are unused without rc3",
  ),
  condition_1_delta: optional(
    positive,
    "condition 1 holds for a sample with |yhat - y| below it; default 0.1",
  ),
  seed: optional(integer(0, 2 ** 32 - 1), "default 0"),
  engine: optional(z.enum(ENGINES), "default auto: the best that the worker has"),
  timing: optional(
    z.enum(TIMINGS),
    "exclusive: all slots of the worker, so that times compare; default shared",
  ),
});

export type SpecWire = z.output<typeof specSchema>;

/** A spec in parts (`base`, an entry of `runs`): nothing is required yet. */
export const partialSpecSchema = specSchema.partial();
