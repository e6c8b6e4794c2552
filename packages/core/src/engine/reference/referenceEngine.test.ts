import { describe, test } from "vitest";
import { conformanceCases, gaussNewtonConformanceCases } from "../conformance.js";
import { referenceEngine } from "./referenceEngine.js";

/** Float64 against Float64: what remains is the order of the sums. */
const TOLERANCES = { phase: 1e-12, trained: 1e-12, trainedAdam: 1e-9 };

describe("the reference engine conforms", () => {
  for (const { name, run } of [
    ...conformanceCases(referenceEngine, TOLERANCES),
    ...gaussNewtonConformanceCases(referenceEngine, TOLERANCES),
  ]) {
    test(name, run);
  }
});
