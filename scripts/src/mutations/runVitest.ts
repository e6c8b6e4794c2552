import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface TestCounts {
  passed: number;
  failed: number;
}

/**
 * Runs test files of a repository in its folder.
 *
 * @throws Error when vitest gave no report, or ran no test at all: that is no verdict on a fault
 */
export const runVitest = async (folder: string, tests: readonly string[]): Promise<TestCounts> => {
  const reportFile = join(folder, "node_modules", "mutation-report.json");
  const output = await runNode(folder, [
    join(folder, "node_modules", "vitest", "vitest.mjs"),
    "run",
    ...tests,
    "--reporter=json",
    `--outputFile=${reportFile}`,
  ]);
  const text = await readFile(reportFile, "utf8").catch((error: unknown) => {
    throw new Error(`vitest wrote no report:\n${output}`, { cause: error });
  });
  const report = JSON.parse(text) as { numPassedTests: number; numFailedTests: number };
  const counts = { passed: report.numPassedTests, failed: report.numFailedTests };
  if (counts.passed + counts.failed === 0) throw new Error(`vitest ran no test:\n${output}`);
  return counts;
};

/** @returns what the process wrote; a failing test's exit status is for the report to explain */
const runNode = (folder: string, argv: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        output += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
