/** The faults that the tests must catch. Those of the native engine come last: each builds the addon anew. */
import type { Fault } from "./fault.js";
import { FENCE_FAULTS } from "./faults/fences.js";
import { GAUSS_NEWTON_FAULTS } from "./faults/gaussNewton.js";
import { NATIVE_FAULTS } from "./faults/native.js";
import { REFERENCE_FAULTS } from "./faults/reference.js";
import { RESUME_FAULTS } from "./faults/resume.js";

export const FAULTS: readonly Fault[] = [
  ...REFERENCE_FAULTS,
  ...GAUSS_NEWTON_FAULTS,
  ...RESUME_FAULTS,
  ...FENCE_FAULTS,
  ...NATIVE_FAULTS,
];
