/** The native engine: C++ kernels behind the engine interface, float32, one build per instruction set. */
export { type InstructionSet, INSTRUCTION_SETS } from "./instructionSets.js";
export {
  allocatedBytes,
  measurePeak,
  nativeEngine,
  nativeEngineProblem,
  nativeInstructionSets,
} from "./nativeEngine.js";
export { TOLERANCES } from "./tolerances.js";
