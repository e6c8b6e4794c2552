/** Where the native engine's addon could not be built, tests of it are skipped. CI has failed before it comes to them. */
import { nativeEngineProblem } from "@pclab/engine-native";

const problem = nativeEngineProblem();

export const isWithoutNative = problem !== null;

/** Ends the title of what is skipped; empty where nothing is. */
export const whySkipped = problem === null ? "" : ` (skipped: ${problem})`;
