import { spawn } from "node:child_process";

export interface ProgramOptions {
  folder: string;
  /** Variables over those of this process. */
  environment?: NodeJS.ProcessEnv;
}

export interface ProgramEnd {
  /** Null when a signal ended it. */
  status: number | null;
  /** Both streams, in the order of their arrival. */
  output: string;
}

/** @throws Error when the program does not start; how it ended is for the caller to judge */
export const runProgram = (
  program: string,
  words: readonly string[],
  { folder, environment = {} }: ProgramOptions,
): Promise<ProgramEnd> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (chunk: string) => {
        output += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
