import { type EngineFactory, EngineError } from "@pclab/core";
import type { InstructionSet } from "./instructionSets.js";

const UNAVAILABLE = "the native engine was not built; see `npm run doctor`";

/** What keeps the native engine from starting here, with the way out; null when it starts. */
export const nativeEngineProblem = (): string | null => UNAVAILABLE;

/** The builds that this processor can run, best first; empty when the engine cannot start. */
export const nativeInstructionSets = (): InstructionSet[] => [];

/**
 * The engine on one instruction set, the best of this processor by default; its id is `native/<instruction set>`.
 *
 * @throws EngineError engine_unsupported, when it cannot start here
 */
export const nativeEngine = (_instructionSet?: InstructionSet): EngineFactory => {
  throw new EngineError("engine_unsupported", UNAVAILABLE);
};

/** Multiply-adds in float32 from registers alone, in GFLOP/s: what no kernel can exceed. Not on the event loop. */
export const measurePeak = async (_options: {
  instructionSet: InstructionSet;
  threads: number;
  milliseconds: number;
}): Promise<number> => {
  throw new EngineError("engine_unsupported", UNAVAILABLE);
};
