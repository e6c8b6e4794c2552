/** `pclab` as a process of its own, as it was built: `npm test` builds first, and from the sources a start takes thrice as long. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The words of a command line that runs it; its arguments follow. */
export const PCLAB: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL("../../apps/cli/bin/pclab.mjs", import.meta.url)),
];

export interface Outcome {
  status: number | NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  environment?: Readonly<Record<string, string>>;
  cwd?: string;
  input?: string;
  /** Called with all that has come so far; a signal that it answers is sent, once. */
  onOutput?: (stdout: string) => NodeJS.Signals | null;
}

export const runProgram = async (
  [program = "", ...first]: readonly string[],
  words: readonly string[],
  { environment = {}, cwd = root, input = "", onOutput }: RunOptions = {},
): Promise<Outcome> => {
  const child = spawn(program, [...first, ...words], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, ...environment },
  });
  const outcome: Outcome = { status: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    outcome.stdout += text;
    const signal = onOutput?.(outcome.stdout) ?? null;
    if (signal !== null) child.kill(signal);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    outcome.stderr += text;
  });
  child.stdin.end(input);
  outcome.status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code));
  });
  return outcome;
};
