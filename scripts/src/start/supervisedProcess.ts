/** A process that is started again when it dies, with its output in a log file. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from "node:fs";
import { endProcess, isAlive } from "../local/processes.js";

/** At its start a process whose log is larger sets it aside as `.1`, over the one before. */
const maximumLogBytes = 16 * 2 ** 20;

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A process that lived this long is taken to work: the next pause is the first again. */
const healthyAfterMs = 60_000;

export interface SupervisedOptions {
  name: string;
  /** The script that Node runs. */
  script: string;
  environment: NodeJS.ProcessEnv;
  logFile: string;
  /** Called at each start with the process that runs now. */
  onStart: () => void;
  /** Called when the process ended by itself, before the pause. */
  onDeath: (event: { name: string; how: string; pauseMs: number }) => void;
}

export interface SupervisedProcess {
  /** Undefined in the pause between two lives. */
  pid(): number | undefined;
  /** SIGTERM, up to `patienceMs` for it to drain, then SIGKILL. Never started again afterwards. */
  drain(patienceMs: number): Promise<void>;
  /** SIGKILL now. */
  kill(): void;
}

export function supervise(options: SupervisedOptions): SupervisedProcess {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let pauseMs = firstPauseMs;

  const start = (): void => {
    const startedMs = performance.now();
    child = spawnLogged(options);
    child.once("exit", (code, signal) => {
      child = undefined;
      if (stopping) return;
      if (performance.now() - startedMs > healthyAfterMs) pauseMs = firstPauseMs;
      const how = signal === null ? `status ${code}` : `signal ${signal}`;
      options.onDeath({ name: options.name, how, pauseMs });
      restart = setTimeout(start, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    });
    options.onStart();
  };
  start();

  return {
    pid: () => child?.pid,
    drain: async (patienceMs) => {
      stopping = true;
      clearTimeout(restart);
      if (child?.pid === undefined) return;
      await endProcess(child.pid, [
        ["SIGTERM", patienceMs],
        ["SIGKILL", 5_000],
      ]);
    },
    kill: () => {
      stopping = true;
      clearTimeout(restart);
      const pid = child?.pid;
      // The whole group: a killed worker's children would follow it, but only a moment later.
      if (pid !== undefined && isAlive(pid)) process.kill(-pid, "SIGKILL");
    },
  };
}

/**
 * The process gets a group of its own, so that Ctrl-C at the terminal reaches the launcher alone, and writes to the file
 * itself, so that a killed launcher does not take the log away under it.
 */
function spawnLogged({ script, environment, logFile }: SupervisedOptions): ChildProcess {
  if (existsSync(logFile) && statSync(logFile).size > maximumLogBytes) {
    renameSync(logFile, `${logFile}.1`);
  }
  const log = openSync(logFile, "a");
  try {
    return spawn(process.execPath, ["--enable-source-maps", script], {
      detached: true,
      stdio: ["ignore", log, log],
      env: environment,
    });
  } finally {
    closeSync(log);
  }
}

/** The last lines of a log, for a person to whom a failure is reported. */
export function endOfLog(file: string, lines = 10): string {
  if (!existsSync(file)) return "";
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const bytes = Buffer.alloc(Math.min(size, 16_384));
    readSync(handle, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    closeSync(handle);
  }
}
