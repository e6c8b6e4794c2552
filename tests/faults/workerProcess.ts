/** A worker as a process of its own, and its training children as the system's process table shows them. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The server with its dispatcher, which can be run and killed as a worker is. */
export const API_FILE = fileURLToPath(new URL("../../apps/api/src/server.ts", import.meta.url));

const WORKER_FILE = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));

export class WorkerProcess {
  readonly #process: ChildProcess;
  readonly exited: Promise<number | NodeJS.Signals | null>;
  log = "";

  constructor(environment: Record<string, string>, file = WORKER_FILE) {
    this.#process = spawn(
      process.execPath,
      ["--import", "tsx", "--conditions=pclab-source", file],
      { env: { PATH: process.env["PATH"], ...environment }, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => {
        this.log += text;
      });
    }
    this.exited = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => resolve(signal ?? code));
    });
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error("the worker did not start");
    return pid;
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** As `kill -9` does, in the midst of whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited;
  }

  /** Its training children; the compiler that runs it from the sources is a child too. */
  childPids(): number[] {
    return processTable()
      .filter(({ parent, command }) => parent === this.#process.pid && command.includes("child.ts"))
      .map(({ pid }) => pid);
  }

  /** Ends the worker, however the test left it, and makes sure that its children go with it. */
  async end(): Promise<void> {
    const children = this.isAlive ? this.childPids() : [];
    if (this.isAlive) await this.kill();
    await untilGone(children);
  }
}

interface ProcessRow {
  pid: number;
  parent: number;
  command: string;
}

const processTable = (): ProcessRow[] =>
  execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [])
    // A zombie has ended; whether its parent has asked how is no matter here.
    .filter(([, pid, , state]) => pid !== undefined && !state.startsWith("Z"))
    .map(([, pid, parent, , command]) => ({ pid: Number(pid), parent: Number(parent), command }));

/** Throws when one of the processes is still there after some seconds, and ends it. */
export const untilGone = async (pids: readonly number[]): Promise<void> => {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const present = new Set(processTable().map(({ pid }) => pid));
    const left = pids.filter((pid) => present.has(pid));
    if (left.length === 0) return;
    if (performance.now() > deadlineMs) {
      for (const pid of left) process.kill(pid, "SIGKILL");
      throw new Error(`training children outlived their worker: ${left.join(", ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
