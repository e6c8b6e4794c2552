/** What `npm run trace` reads: one network, one minibatch, and how to infer. Everything is checked before anything runs. */
import { z } from "zod";
import { inferenceOf, inferenceRuleProblems } from "../experiment/inferenceRules.js";
import {
  ACTIVATIONS,
  type Algorithm,
  AVAILABLE_INFERENCE_METHODS,
  GAUSS_NEWTON_SOLVERS,
  NODE_CONVENTIONS,
  OPTIMISERS,
} from "../experiment/vocabulary.js";
import { type Checked, checkAgainst } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";

const vector = z.array(z.number()).min(1);
const matrix = z.array(vector).min(1);

const traceSchema = z.strictObject({
  activation: z.enum(ACTIVATIONS),
  output_activation: z.enum(ACTIVATIONS),
  node: z.enum(NODE_CONVENTIONS),
  layers: z
    .array(
      z.strictObject({
        /** theta_l, [out][in]. */
        weights: matrix,
        bias: vector.optional(),
        log_variance: vector.optional(),
      }),
    )
    .min(1),
  /** [batch][N_0]. */
  inputs: matrix,
  /** [batch][N_L]. */
  targets: matrix,
  inference: z.strictObject({
    method: z.enum(AVAILABLE_INFERENCE_METHODS).optional(),
    /** `steps` and `rate` are required but with `gauss_newton`, which uses neither. */
    steps: z.int().min(1).max(100_000).optional(),
    rate: z.number().gt(0).optional(),
    update_every: z.int().min(1).optional(),
    precondition: z.boolean().optional(),
    tolerance: z.number().min(0).optional(),
    outer_iterations: z.int().min(1).max(1000).optional(),
    solver: z.enum(GAUSS_NEWTON_SOLVERS).optional(),
    solver_tolerance: z.number().gt(0).lt(1).optional(),
  }),
  optimiser: z.enum(OPTIMISERS).optional(),
  learning_rate: z.number().gt(0).optional(),
});

export type TraceInput = z.output<typeof traceSchema>;

/** The shape of the JSON first; then that the matrices fit together. All problems of the stage that failed are reported. */
export const parseTraceInput = (input: unknown): Checked<TraceInput> => {
  const checked = checkAgainst(traceSchema, input);
  if (!checked.ok) return checked;
  const problems = [...sizeProblems(checked.value), ...inferenceProblems(checked.value)];
  return problems.length === 0 ? checked : { ok: false, problems };
};

const length = (
  path: Path,
  got: { length: number } | undefined,
  expected: number,
  what: string,
): Problem[] =>
  got === undefined || got.length === expected
    ? []
    : [
        {
          pointer: pointerOf(path),
          code: "conflict",
          got: got.length,
          allowed: `${expected} ${what}`,
          detail: `${path.join("/")} has length ${got.length}, expected ${expected} (${what})`,
        },
      ];

const sizeProblems = ({ layers, inputs, targets }: TraceInput): Problem[] => {
  const problems: Problem[] = [];
  let units = inputs[0].length;
  layers.forEach(({ weights, bias, log_variance }, index) => {
    const at = (...path: (string | number)[]): Path => ["layers", index, ...path];
    const below = index === 0 ? "values of an input" : `units of layer ${index}`;
    weights.forEach((row, i) => problems.push(...length(at("weights", i), row, units, below)));
    units = weights.length;
    const unitsHere = `units of layer ${index + 1}`;
    problems.push(...length(at("bias"), bias, units, unitsHere));
    problems.push(...length(at("log_variance"), log_variance, units, unitsHere));
    // An engine's network has a bias or has none; a missing one could not stay away from weight updates.
    if ((bias === undefined) !== (layers[0].bias === undefined)) {
      problems.push({
        pointer: pointerOf(at("bias")),
        code: "conflict",
        detail: `layer ${index + 1} ${bias ? "has a bias" : "has no bias"} and layer 1 ${bias ? "has none" : "has one"}: give every layer one, or none`,
      });
    }
  });
  inputs.forEach((input, i) =>
    problems.push(...length(["inputs", i], input, inputs[0].length, "values, as the first input")),
  );
  problems.push(...length(["targets"], targets, inputs.length, "targets, one for each input"));
  targets.forEach((target, i) =>
    problems.push(...length(["targets", i], target, units, "units of the last layer")),
  );
  return problems;
};

/** With updates during inference the phase is rc2's. */
export const traceAlgorithm = ({ inference }: TraceInput): Algorithm =>
  inference.update_every === undefined ? "pc" : "pc_rc2";

const inferenceProblems = (input: TraceInput): Problem[] => {
  const { inference, activation, output_activation: outputActivation } = input;
  const algorithm = traceAlgorithm(input);
  const settings = inferenceOf(inference, algorithm);
  const rules = inferenceRuleProblems(
    { algorithm, activation, outputActivation, inference: settings },
    inference,
  );
  return [
    ...rules.map(({ path, ...problem }) => ({ pointer: pointerOf(path), ...problem })),
    ...(settings.method === "gauss_newton"
      ? []
      : [
          ...required(["inference", "steps"], inference.steps, "with inference.method 'gradient'"),
          ...required(["inference", "rate"], inference.rate, "with inference.method 'gradient'"),
        ]),
    ...(inference.update_every === undefined
      ? []
      : [
          ...required(["optimiser"], input.optimiser, "with inference.update_every"),
          ...required(["learning_rate"], input.learning_rate, "with inference.update_every"),
        ]),
  ];
};

const required = (path: Path, value: unknown, when: string): Problem[] =>
  value === undefined
    ? [
        {
          pointer: pointerOf(path),
          code: "required",
          detail: `${path.join(".")} is required ${when}`,
        },
      ]
    : [];
