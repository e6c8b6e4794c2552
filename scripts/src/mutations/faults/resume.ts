/** What a resumed training must find again: each of these leaves a run that goes on, from a slightly other place. */
import type { Fault } from "../fault.js";

const REFERENCE = "packages/core/src/engine/reference";
const ENGINE_TEST = `${REFERENCE}/referenceEngine.test.ts`;
const RESUME_TEST = "packages/core/src/training/resume.test.ts";

export const RESUME_FAULTS: readonly Fault[] = [
  {
    name: "a moment not restored on resume, by the engine",
    file: `${REFERENCE}/state.ts`,
    find: "parameter.moments[moment] = Float64Array.from(from);",
    replace:
      'parameter.moments[moment] = moment === "first" ? Float64Array.from(from) : new Float64Array(from.length);',
    tests: [ENGINE_TEST, RESUME_TEST],
  },
  {
    name: "a moment not restored on resume, by the checkpoint",
    file: "packages/core/src/training/checkpoint.ts",
    find: "all[moment] = values;",
    replace: 'all[moment] = moment === "second" ? values : values.slice().fill(0);',
    tests: [RESUME_TEST],
  },
  {
    name: "the update count not restored on resume",
    file: `${REFERENCE}/replica.ts`,
    find: "this.#weightUpdates = state.weightUpdates;",
    replace: "this.#weightUpdates = 0;",
    tests: [RESUME_TEST],
  },
  {
    name: "the data order started anew on resume",
    file: "packages/core/src/training/train.ts",
    find: "Minibatches.resumed(order, loop.cursor)",
    replace: "Minibatches.seeded(order, spec.seed)",
    tests: [RESUME_TEST],
  },
  {
    name: "the sums since the last evaluation lost on resume",
    file: "packages/core/src/training/train.ts",
    find: "loop?.sinceEvaluation ?? nothingSinceEvaluation()",
    replace: "nothingSinceEvaluation()",
    tests: [RESUME_TEST],
  },
];
