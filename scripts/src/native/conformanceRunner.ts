/**
 * The conformance suite without a test runner, for a Node that cannot load vitest's own compiled parts:
 * `node conformanceRunner.js FOLDER INSTRUCTION_SET`, FOLDER that of a built native package.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { conformanceCases, gaussNewtonConformanceCases } from "@pclab/core/conformance";
import type * as native from "@pclab/engine-native";

const [folder = "", instructionSet = ""] = process.argv.slice(2);
const { nativeEngine, nativeInstructionSets, TOLERANCES } = (await import(
  pathToFileURL(join(folder, "dist/index.js")).href
)) as typeof native;

const set = nativeInstructionSets().find((name) => name === instructionSet);
if (set === undefined)
  throw new Error(`${instructionSet} is not among ${nativeInstructionSets().join(", ")}`);
const factory = nativeEngine(set);
let failed = 0;
let passed = 0;
for (const { name, run } of [
  ...conformanceCases(factory, TOLERANCES),
  ...gaussNewtonConformanceCases(factory, TOLERANCES),
]) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
console.log(`${instructionSet}: ${passed} cases passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
