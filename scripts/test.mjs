/**
 * `npm test`: the preparation, then every test. Ends with vitest's summary and one line, `N passed, N failed`, and with
 * status 1 when a test failed, when vitest itself did, or when nothing ran. Further arguments go to vitest.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pclab-report-"));
const report = join(folder, "report.json");
let status;
let counts;
try {
  status = await runVitest();
  counts = countTests();
} finally {
  rmSync(folder, { recursive: true });
}

const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = status !== 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;

function runVitest() {
  const words = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // Tests must not see a lab that this shell is set up for.
  const env = { ...process.env };
  for (const name of ["DATABASE_URL", "REDIS_URL", "ENGINE"]) delete env[name];
  for (const name of ["HOME", "SLOTS", "THREADS"]) delete env[`PCLAB_${name}`];
  const child = spawn(
    process.execPath,
    [join(root, "node_modules/vitest/vitest.mjs"), ...words, ...process.argv.slice(2)],
    { cwd: root, stdio: "inherit", env: { ...env, NODE_ENV: "test" } },
  );
  // Ctrl-C reaches vitest too; this process stays to report.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function countTests() {
  let result;
  try {
    result = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    // vitest ended before it wrote its report, and has said why.
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A file that does not load fails without a test of its own.
  const brokenFiles = result.testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((one) => one.status === "failed"),
  );
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + brokenFiles.length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}
