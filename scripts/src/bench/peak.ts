/** The peak of the multiply-add units: what no kernel can exceed. */
import { type InstructionSet, measurePeak, nativeEngineProblem } from "@pclab/engine-native";
import type { Measurable } from "./measurable.js";
import type { Sample } from "./row.js";
import { UnavailableError } from "./unavailable.js";
import type { Shape } from "./workload.js";

export const peakMeasurable = (
  { instructionSet, threads }: { instructionSet: InstructionSet; threads: number },
  milliseconds: number,
  { width, batch }: Shape,
): Measurable => {
  const measure = async (): Promise<Sample> => {
    const problem = nativeEngineProblem();
    if (problem !== null) throw new UnavailableError(problem);
    const gflops = await measurePeak({ instructionSet, threads, milliseconds });
    return { typical: gflops, best: gflops };
  };
  return {
    key: {
      source: "peak",
      subject: instructionSet,
      instructionSet,
      model: null,
      width,
      batch,
      threads,
    },
    flops: null,
    prepare: async () => void (await measure()),
    run: measure,
    dispose: async () => {},
  };
};
