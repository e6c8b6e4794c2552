/** Mistakes in the tfjs engine: tensors that nobody frees, and a slope that only one node convention has. */
import type { Fault } from "../fault.js";

const TFJS = "packages/engines/tfjs/src";
const ENGINE_TEST = `${TFJS}/tfjsEngine.test.ts`;

export const TFJS_FAULTS: readonly Fault[] = [
  {
    name: "a step's tensors are not freed",
    file: `${TFJS}/phase.ts`,
    find: "release(this.#x, this.#errors);",
    replace: "release(this.#errors);",
    tests: [ENGINE_TEST],
  },
  {
    name: "phi' dropped from what the layer above pulls by",
    file: `${TFJS}/inference.ts`,
    find: "return inputSlope === null ? pull : mul(pull, inputSlope);",
    replace: "return pull;",
    tests: [ENGINE_TEST],
  },
];
