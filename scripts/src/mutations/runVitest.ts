import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../native/runProgram.js";

export interface TestCounts {
  passed: number;
  failed: number;
}

/** No report, or no test at all: that says nothing about the sources. */
export class NoVerdictError extends Error {
  override name = "NoVerdictError";
}

/**
 * Runs test files of a repository in its folder.
 *
 * @param environment variables over those of this process
 * @throws NoVerdictError with what vitest wrote
 */
export const runVitest = async (
  folder: string,
  tests: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<TestCounts> => {
  const reportFile = join(folder, "node_modules", "mutation-report.json");
  // Should vitest end before it writes one, the last run's must not pass for this one's.
  await rm(reportFile, { force: true });
  const words = [
    join(folder, "node_modules", "vitest", "vitest.mjs"),
    "run",
    ...tests,
    "--reporter=json",
    `--outputFile=${reportFile}`,
  ];
  // A failing test's exit status is for the report to explain.
  const { output } = await runProgram(process.execPath, words, { folder, environment });
  const text = await readFile(reportFile, "utf8").catch((error: unknown) => {
    throw new NoVerdictError(`vitest wrote no report:\n${output}`, { cause: error });
  });
  const report = JSON.parse(text) as { numPassedTests: number; numFailedTests: number };
  const counts = { passed: report.numPassedTests, failed: report.numFailedTests };
  if (counts.passed + counts.failed === 0) {
    throw new NoVerdictError(`vitest ran no test:\n${output}`);
  }
  return counts;
};
