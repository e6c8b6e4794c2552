/** The training child seen from its supervisor: a process of its own, so that training never blocks a heartbeat. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Fault, FromChild, FromPack, ReadyMessage, ToChild } from "./messages.js";
import { countMemoryKills, diedOfMemory } from "./outOfMemory.js";

/** Run from the sources in development and from the build elsewhere: the child is the file beside this one. */
const CHILD_FILE = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url),
);

const LAST_WORDS_CHARACTERS = 4_000;

/** How the process ended without saying why. */
export type UnexpectedEnd = { type: "crashed"; detail: string } | ({ type: "fault" } & Fault);

export interface TrainingChild {
  readonly pid: number | undefined;
  /** Resolves once the process listens, or is gone. */
  readonly ready: Promise<void>;
  send(message: ToChild): void;
  /** At once, without a word; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Politely, then not. */
  stop(graceMs: number): Promise<void>;
}

export interface TrainingChildOptions<Message extends FromChild | FromPack = FromChild> {
  onMessage: (message: Message) => void;
  /** A line that the process wrote on its standard error. */
  onLine: (line: string) => void;
  /** Called when the process ends otherwise than by `kill` or `stop`. */
  onUnexpectedEnd: (end: UnexpectedEnd) => void;
}

/** @typeParam Message what the child tells, by what it is told to do first */
export const startTrainingChild = async <Message extends FromChild | FromPack = FromChild>({
  onMessage,
  onLine,
  onUnexpectedEnd,
}: TrainingChildOptions<Message>): Promise<TrainingChild> => {
  const memoryKillsBefore = await countMemoryKills();
  const child = fork(CHILD_FILE, {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: environmentForChild(process.env),
    // A group of its own: Ctrl-C at a terminal reaches the worker, which then drains, and not the child.
    detached: true,
  });
  const lastWords = collectLastWords(child, onLine);
  let wasAsked = false;
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      if (child.pid !== undefined) return;
      resolve();
      onUnexpectedEnd({
        type: "crashed",
        detail: `the training process did not start: ${error.message}`,
      });
    });
    child.once("close", (code, signal) => {
      resolve();
      if (wasAsked) return;
      void countMemoryKills().then((memoryKillsAfter) => {
        const death = { signal, lastWords: lastWords(), memoryKillsBefore, memoryKillsAfter };
        onUnexpectedEnd(endOf(code, death));
      });
    });
  });
  const ready = Promise.race([
    ended,
    new Promise<void>((resolve) => child.once("message", () => resolve())),
  ]);
  child.on("message", (message: Message | ReadyMessage) => {
    if (message.type !== "ready") onMessage(message);
  });

  return {
    pid: child.pid,
    ready,
    send: (message) => {
      // A process that is gone is told of by `onUnexpectedEnd`.
      if (child.connected) child.send(message, () => undefined);
    },
    kill: async () => {
      wasAsked = true;
      child.kill("SIGKILL");
      await ended;
    },
    stop: async (graceMs) => {
      wasAsked = true;
      child.kill("SIGTERM");
      const timeout = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timeout);
    },
  };
};

/** Training needs no way to the database or the queue. */
const environmentForChild = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = environment;
  return rest;
};

const collectLastWords = (child: ChildProcess, onLine: (line: string) => void): (() => string) => {
  let words = "";
  let line = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    words = (words + text).slice(-LAST_WORDS_CHARACTERS);
    const lines = (line + text).split("\n");
    line = (lines.pop() ?? "").slice(-LAST_WORDS_CHARACTERS);
    for (const whole of lines) if (whole.trim() !== "") onLine(whole);
  });
  return () => words;
};

const endOf = (code: number | null, death: Parameters<typeof diedOfMemory>[0]): UnexpectedEnd => {
  const how = death.signal === null ? `with exit code ${code}` : `by ${death.signal}`;
  if (diedOfMemory(death)) {
    return {
      type: "fault",
      reason: "out_of_memory",
      detail: `the training process ended ${how} for want of memory; lower width, depth or batch_size, or use a machine with more memory`,
    };
  }
  const lastLine = death.lastWords.trim().split("\n").at(-1) ?? "";
  return {
    type: "crashed",
    detail: `the training process ended ${how}${lastLine === "" ? "" : `: ${lastLine}`}`,
  };
};
