/** The faults that the tests must catch, in TypeScript. */
import type { Fault } from "./fault.js";
import { FENCE_FAULTS } from "./faults/fences.js";
import { GAUSS_NEWTON_FAULTS } from "./faults/gaussNewton.js";
import { PACKING_FAULTS } from "./faults/packing.js";
import { REFERENCE_FAULTS } from "./faults/reference.js";
import { RESUME_FAULTS } from "./faults/resume.js";
import { SEARCH_FAULTS } from "./faults/search.js";
import { TFJS_FAULTS } from "./faults/tfjs.js";

export const FAULTS: readonly Fault[] = [
  ...REFERENCE_FAULTS,
  ...GAUSS_NEWTON_FAULTS,
  ...RESUME_FAULTS,
  ...FENCE_FAULTS,
  ...TFJS_FAULTS,
  ...PACKING_FAULTS,
  ...SEARCH_FAULTS,
];
