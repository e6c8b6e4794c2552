/** From the wire form to a complete spec and back: defaults, the rules between fields, and the printer. */
import { type Checked, checkAgainst } from "../validation/check.js";
import { type RuleProblem, ValidationError, pointerOf } from "../validation/problem.js";
import { inferenceOf, inferenceRuleProblems } from "./inferenceRules.js";
import type { ExperimentSpec, Schedule, VarianceSettings } from "./spec.js";
import { type SpecWire, TRAINING_IMAGES, specSchema } from "./specSchema.js";
import {
  AVAILABLE_INFERENCE_METHODS,
  ENGINES_WITH_GRADIENT_ALONE,
  type Algorithm,
  relaxesCondition2,
  relaxesCondition3,
} from "./vocabulary.js";

/** Rates at which each algorithm trains at depth 8 with Adam (docs/EQUATIONS.md, settings). */
const DEFAULT_LEARNING_RATE: Record<Algorithm, number> = {
  bp: 1e-3,
  pc: 3e-4,
  pc_rc2: 1e-5,
  pc_rc3: 1e-3,
  pc_rc23: 1e-5,
};

const defaultVarianceRate = (algorithm: Algorithm): number =>
  algorithm === "pc_rc3" ? 3e-2 : 1e-5;

/** Validates a wire spec whole and fills in its defaults. Pointers are relative to the spec. */
export const parseSpec = (input: unknown): Checked<ExperimentSpec> => {
  const checked = checkAgainst(specSchema, input);
  if (!checked.ok) return checked;
  const spec = withDefaults(checked.value);
  const problems = ruleProblems(spec, checked.value).map(({ path, ...problem }) => ({
    pointer: pointerOf(path),
    ...problem,
  }));
  return problems.length === 0 ? { ok: true, value: spec } : { ok: false, problems };
};

/** A stored spec is checked again on reading; one that no longer fits is an operating error, not a crash. */
export const readStoredSpec = (stored: unknown): ExperimentSpec => {
  const parsed = parseSpec(stored);
  if (!parsed.ok) throw new ValidationError(parsed.problems);
  return parsed.value;
};

export const withDefaults = (wire: SpecWire): ExperimentSpec => {
  const { algorithm } = wire;
  const trainsVariance = relaxesCondition3(algorithm);
  return {
    algorithm,
    dataset: wire.dataset ?? "fashion-mnist",
    width: wire.width ?? 256,
    depth: wire.depth ?? 8,
    activation: wire.activation ?? "tanh",
    outputActivation: wire.output_activation ?? "identity",
    node: wire.node ?? "mba",
    bias: wire.bias ?? false,
    initialisation: wire.initialisation ?? "uniform_fan_in",
    trainSize: wire.train_size ?? 55_000,
    validationSize: wire.validation_size ?? 5_000,
    testSize: wire.test_size ?? 10_000,
    standardise: wire.standardise ?? true,
    batchSize: wire.batch_size ?? 64,
    epochs: wire.epochs ?? (typeof wire.weight_updates === "number" ? null : 5),
    weightUpdates: wire.weight_updates ?? null,
    evaluateEvery: wire.evaluate_every ?? null,
    keepCheckpoints: wire.keep_checkpoints ?? 0,
    keepBest: wire.keep_best ?? false,
    optimiser: wire.optimiser ?? "adam",
    learningRate: wire.learning_rate ?? DEFAULT_LEARNING_RATE[algorithm],
    weightDecay: wire.weight_decay ?? 0,
    varianceDecay: wire.variance_decay ?? 0,
    schedule: scheduleOf(wire.schedule),
    inference: inferenceOf(wire.inference, algorithm),
    variance: varianceOf(wire.variance, algorithm, trainsVariance),
    condition1Delta: wire.condition_1_delta ?? 0.1,
    seed: wire.seed ?? 0,
    engine: wire.engine ?? "auto",
    timing: wire.timing ?? "shared",
  };
};

const scheduleOf = (wire: SpecWire["schedule"]): Schedule =>
  wire === undefined || wire === null || wire === "constant"
    ? "constant"
    : { warmupCosine: { ...wire.warmup_cosine } };

const varianceOf = (
  wire: SpecWire["variance"],
  algorithm: Algorithm,
  trainsVariance: boolean,
): VarianceSettings => ({
  learningRate: trainsVariance ? (wire?.learning_rate ?? defaultVarianceRate(algorithm)) : null,
  floor: wire?.floor ?? -8,
  initial: wire?.initial ?? 0,
  trainOutput: trainsVariance && (wire?.train_output ?? algorithm === "pc_rc23"),
});

/** The rules between fields. Each names the field to change; `wire` tells which values were given and which are defaults. */
export const ruleProblems = (spec: ExperimentSpec, wire: SpecWire): RuleProblem[] => {
  const problems: RuleProblem[] = [];
  const { inference } = spec;
  if (typeof wire.epochs === "number" && typeof wire.weight_updates === "number") {
    problems.push({
      path: ["weight_updates"],
      code: "conflict",
      got: wire.weight_updates,
      detail: "give epochs or weight_updates, not both",
    });
  }
  if (spec.trainSize + spec.validationSize > TRAINING_IMAGES) {
    const isDefault = typeof wire.validation_size !== "number";
    problems.push({
      path: [typeof wire.train_size === "number" ? "train_size" : "validation_size"],
      code: "conflict",
      got: typeof wire.train_size === "number" ? spec.trainSize : spec.validationSize,
      allowed: `train_size + validation_size <= ${TRAINING_IMAGES}`,
      detail:
        `train_size ${spec.trainSize} and validation_size ${spec.validationSize}${isDefault ? " (the default)" : ""} ` +
        `exceed the ${TRAINING_IMAGES} training images; lower one of them`,
    });
  }
  if (spec.keepBest && spec.validationSize === 0) {
    problems.push({
      path: ["keep_best"],
      code: "conflict",
      got: true,
      detail: "the best is chosen by validation; give validation_size, or leave keep_best out",
    });
  }
  if (spec.algorithm !== "bp") problems.push(...inferenceRuleProblems(spec, wire.inference));
  if (
    ENGINES_WITH_GRADIENT_ALONE.some((name) => name === spec.engine) &&
    spec.algorithm !== "bp" &&
    inference.method === "gauss_newton"
  ) {
    problems.push({
      path: ["inference", "method"],
      code: "conflict",
      got: inference.method,
      allowed: "gradient, or engine native or reference",
      detail: `engine '${spec.engine}' has no gauss_newton; use inference.method gradient or another engine`,
    });
  }
  if (spec.variance.initial < spec.variance.floor) {
    problems.push({
      path: ["variance", "initial"],
      code: "conflict",
      got: spec.variance.initial,
      allowed: `>= variance.floor (${spec.variance.floor})`,
      detail: `variance.initial must not lie below variance.floor (${spec.variance.floor})`,
    });
  }
  if (inference.method !== "gradient" && !AVAILABLE_INFERENCE_METHODS.includes(inference.method)) {
    problems.push({
      path: ["inference", "method"],
      code: "not_available",
      got: inference.method,
      allowed: AVAILABLE_INFERENCE_METHODS.join(", "),
      detail: `inference.method '${inference.method}' is not part of this version; use ${AVAILABLE_INFERENCE_METHODS.join(" or ")}`,
    });
  }
  return problems;
};

/** The complete spec in its wire form; `parseSpec` of it gives the same spec. */
export const printSpec = (spec: ExperimentSpec): Record<string, unknown> =>
  snakeCased(spec) as Record<string, unknown>;

const snakeCased = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeCased(inner)]),
  );
};

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(?<=[a-z])(?=\d)/g, "_");

/** Weight updates of a minibatch: one, or with rc2 one every `updateEvery` steps. */
export const updatesPerMinibatch = (spec: ExperimentSpec): number =>
  relaxesCondition2(spec.algorithm) ? spec.inference.steps / spec.inference.updateEvery : 1;

export const minibatchesPerEpoch = (spec: ExperimentSpec): number =>
  Math.ceil(spec.trainSize / spec.batchSize);

/** Minibatches of the whole run: training ends at the first minibatch boundary at or past `weightUpdates`. */
export const totalMinibatches = (spec: ExperimentSpec): number =>
  spec.weightUpdates !== null
    ? Math.ceil(spec.weightUpdates / updatesPerMinibatch(spec))
    : (spec.epochs ?? 0) * minibatchesPerEpoch(spec);

/** The length of the schedule, and what progress is measured against. */
export const totalWeightUpdates = (spec: ExperimentSpec): number =>
  totalMinibatches(spec) * updatesPerMinibatch(spec);
