import { conformanceCases } from "@pclab/core/conformance";
import { describe, test } from "vitest";
import { nativeEngine, nativeInstructionSets } from "./nativeEngine.js";


describe.each(nativeInstructionSets())("the native engine on %s", (instructionSet) => {
  for (const { name, run } of conformanceCases(nativeEngine(instructionSet), {
    phase: 1e-4,
    trained: 1e-4,
    trainedAdam: 3e-3,
  })) {
    if (!/outer iteration|Gauss|gauss_newton|conjugate|would rise/.test(name)) test(name, run);
  }
});
