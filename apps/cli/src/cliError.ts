import type { ProblemBody } from "@pclab/contracts";
import { EXIT, type ExitCode, exitCodeOf } from "./exitCodes.js";

/** What ends a command: a sentence, the way out, and the exit status. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: ExitCode;
  /** What to do about it; one sentence or command a line. */
  readonly wayOut: readonly string[];

  constructor(exitCode: ExitCode, message: string, ...wayOut: string[]) {
    super(message);
    this.exitCode = exitCode;
    this.wayOut = wayOut;
  }
}

/** What the lab refused, in its own words (RFC 9457). */
export class ProblemError extends CliError {
  override readonly name = "ProblemError";
  readonly problem: ProblemBody;
  readonly retryAfterSeconds: number | null;

  constructor(problem: ProblemBody, retryAfterSeconds: number | null) {
    super(exitCodeOf(problem.status), problem.title);
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Ctrl-C; what is said, if anything, was said already. */
export class InterruptedError extends CliError {
  override readonly name = "InterruptedError";

  constructor() {
    super(EXIT.interrupted, "interrupted");
  }
}

export const usageError = (message: string, ...wayOut: string[]): CliError =>
  new CliError(EXIT.usage, message, ...wayOut);
