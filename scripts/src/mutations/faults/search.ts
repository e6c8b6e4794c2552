/** Searches that still propose and still prune, and no longer what they should. */
import type { Fault } from "../fault.js";

const SEARCH = "packages/core/src/search";
const TPE_TEST = `${SEARCH}/tpe.test.ts`;
const PARZEN_TEST = `${SEARCH}/parzen.test.ts`;
const HALVING_TEST = `${SEARCH}/halving.test.ts`;

export const SEARCH_FAULTS: readonly Fault[] = [
  {
    name: "TPE goes where results are bad",
    file: `${SEARCH}/tpe.ts`,
    find: "if (ratio > highest) {",
    replace: "if (ratio < highest) {",
    tests: [TPE_TEST],
  },
  {
    name: "the points of a generation do not know of each other",
    file: `${SEARCH}/tpe.ts`,
    find: "[...pointsWhere(false), ...pending]",
    replace: "[...pointsWhere(false)]",
    tests: [TPE_TEST],
  },
  {
    name: "what was pruned early ranks as what trained to its end",
    file: `${SEARCH}/tpe.ts`,
    find: "return reach(b) - reach(a) || a.loss - b.loss;",
    replace: "return a.loss - b.loss || reach(b) - reach(a);",
    tests: [TPE_TEST],
  },
  {
    name: "Parzen kernels as narrow as their neighbours are near",
    file: `${SEARCH}/parzen.ts`,
    find: "Math.min(width, Math.max(least, own))",
    replace: "Math.min(width, Math.max(least * 1e-3, own))",
    tests: [PARZEN_TEST],
  },
  {
    name: "densities not cut off at the ends of the range",
    file: `${SEARCH}/normal.ts`,
    find: "return -(z * z) / 2 - logScale - logRangeMass;",
    replace: "return -(z * z) / 2 - logScale - 0 * logRangeMass;",
    tests: [PARZEN_TEST],
  },
  {
    name: "a rung compares with generations that come after it",
    file: `${SEARCH}/halving.ts`,
    find: "ranked.filter((entry) => entry.generation <= generation)",
    replace: "ranked.filter((entry) => entry.generation <= generation + 1)",
    tests: [HALVING_TEST],
  },
  {
    name: "a rung forgets those that failed on the way",
    file: `${SEARCH}/halving.ts`,
    find: "keptCount(rivals.length, reductionFactor)",
    replace: "keptCount(rivals.filter(({ value }) => value !== null).length, reductionFactor)",
    tests: [HALVING_TEST],
  },
  {
    name: "a run stops a minibatch behind its rung",
    file: "packages/core/src/training/train.ts",
    find: "this.#minibatchesDone >= this.#rung;",
    replace: "this.#minibatchesDone > this.#rung;",
    tests: ["packages/core/src/training/rung.test.ts"],
  },
];
