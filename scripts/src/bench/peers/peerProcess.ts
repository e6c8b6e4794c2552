/** A program that is measured beside the engines: it answers one JSON line on stdout to each on stdin. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { UnavailableError } from "../unavailable.js";

/** A minibatch of the slowest baseline on the largest shape takes half a minute. */
const ANSWER_MS = 10 * 60_000;
const STDERR_CHARACTERS = 2000;

export interface PeerProgram {
  program: string;
  args: readonly string[];
  environment: NodeJS.ProcessEnv;
}

export class PeerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  #errors = "";
  #ended: Promise<void>;

  constructor({ program, args, environment }: PeerProgram) {
    this.#child = spawn(program, args, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.setEncoding("utf8");
    this.#child.stderr.on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-STDERR_CHARACTERS);
    });
    // A program that has gone is seen by the end of its answers; what it could not be told is of no interest.
    this.#child.stdin.on("error", () => {});
    this.#ended = once(this.#child, "close").then(
      () => {},
      (error: unknown) => void (this.#errors += String(error)),
    );
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws UnavailableError where the program ends, does not answer, or answers that it cannot */
  async ask(request: Record<string, unknown>): Promise<Record<string, unknown>> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_MS);
    const answer = await this.#answers.next();
    clearTimeout(timer);
    if (answer.done === true) {
      await this.#ended;
      throw new UnavailableError(`it ended: ${lastLine(this.#errors) || "without a word"}`);
    }
    const parsed = parseAnswer(answer.value);
    const refusal = parsed["unavailable"] ?? parsed["error"];
    if (typeof refusal === "string") throw new UnavailableError(refusal);
    return parsed;
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill();
    await this.#ended;
    this.#lines.close();
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

const parseAnswer = (line: string): Record<string, unknown> => {
  try {
    const answer: unknown = JSON.parse(line);
    if (typeof answer === "object" && answer !== null) return answer as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UnavailableError(`it answered ${line.slice(0, 200)}`);
};
