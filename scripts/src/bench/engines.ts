/** The engines that the benchmark can measure. */
import { type EngineFactory, referenceEngine } from "@pclab/core";
import {
  type InstructionSet,
  nativeEngine,
  nativeEngineProblem,
  nativeInstructionSets,
} from "@pclab/engine-native";
import { findTensorFlow, tfjsEngine } from "@pclab/engine-tfjs";
import { UnavailableError } from "./unavailable.js";

export const BENCH_ENGINES = ["native", "reference", "tfjs"] as const;
export type BenchEngineName = (typeof BENCH_ENGINES)[number];

export interface BenchEngine {
  /** The engine's id, or its name where it cannot start. */
  label: string;
  /** Null without a measurable peak. */
  instructionSet: InstructionSet | null;
  /** @throws UnavailableError */
  factory: () => EngineFactory;
}

/** `native` on the best instruction set of this processor, or on the one given. */
export const benchEngine = (
  name: BenchEngineName,
  instructionSet?: InstructionSet,
): BenchEngine => {
  if (name === "reference") {
    return { label: referenceEngine.id, instructionSet: null, factory: () => referenceEngine };
  }
  if (name === "tfjs") return benchTfjs();
  const available = nativeInstructionSets();
  const chosen = instructionSet ?? available[0] ?? null;
  const problem =
    nativeEngineProblem() ??
    (chosen === null || !available.includes(chosen)
      ? `this processor has no ${chosen ?? "instruction set of the native engine"}`
      : null);
  if (problem !== null) {
    return {
      label: instructionSet === undefined ? "native" : `native/${instructionSet}`,
      instructionSet: instructionSet ?? null,
      factory: () => {
        throw new UnavailableError(problem);
      },
    };
  }
  const factory = nativeEngine(chosen ?? undefined);
  return { label: factory.id, instructionSet: chosen, factory: () => factory };
};

/** On TensorFlow: in plain JavaScript a measurement at the benchmark's shapes would take hours. */
const benchTfjs = (): BenchEngine => ({
  label: "tfjs/tensorflow",
  instructionSet: null,
  factory: () => {
    const found = findTensorFlow();
    if ("problem" in found) throw new UnavailableError(found.problem);
    return tfjsEngine("tensorflow");
  },
});
