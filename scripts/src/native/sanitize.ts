/** `npm run test:sanitize`: the native engine's tests on an addon that checks its own memory and arithmetic. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "../bench/unavailable.js";
import { NoVerdictError, runVitest } from "../mutations/runVitest.js";
import { SourceCopy } from "../mutations/sourceCopy.js";
import { NATIVE_PACKAGE, buildAddon } from "./buildAddon.js";
import { type Sanitizers, findSanitizers, isSanitized } from "./sanitizers.js";

const TESTS = ["nativeEngine", "threads"].map((name) => `${NATIVE_PACKAGE}/src/${name}.test.ts`);

export interface SanitizeCommand {
  /** The repository's root. */
  root: string;
  output: NodeJS.WritableStream;
}

/** @returns the exit status: 0 when every test passed and nothing was found, else 1 */
export async function runSanitize({ root, output }: SanitizeCommand): Promise<number> {
  const reports = await mkdtemp(join(tmpdir(), "pclab-sanitize-"));
  try {
    const sanitizers = await findSanitizers(reports);
    return await testUnder(sanitizers, { root, output });
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    output.write(`unavailable: ${error.message}\n`);
    return 1;
  } finally {
    await rm(reports, { recursive: true });
  }
}

const testUnder = async (
  sanitizers: Sanitizers,
  { root, output }: SanitizeCommand,
): Promise<number> => {
  // In a copy, since the addon takes the place of the one that the lab runs.
  const copy = await SourceCopy.of(root);
  try {
    const addon = await buildAddon(copy.folder, sanitizers.build);
    if (!(await isSanitized(addon))) throw new Error("the build did not heed CXXFLAGS");
    const verdict = await judge(copy.folder, sanitizers.run);
    const findings = await sanitizers.findings();
    for (const finding of findings) output.write(`${finding}\n`);
    output.write(`${verdict.text}; findings of the sanitizers: ${findings.length}\n`);
    return verdict.isGood && findings.length === 0 ? 0 : 1;
  } finally {
    await copy.remove();
  }
};

/** A finding ends the process that has the tests, and then there may be no verdict at all. */
const judge = async (folder: string, environment: NodeJS.ProcessEnv) => {
  try {
    const { passed, failed } = await runVitest(folder, TESTS, environment);
    return { isGood: failed === 0, text: `${passed} tests passed, ${failed} failed` };
  } catch (error) {
    if (!(error instanceof NoVerdictError)) throw error;
    return { isGood: false, text: error.message };
  }
};
