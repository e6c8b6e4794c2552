/**
 * A Redis of the lab's own, on a unix socket in its home, when a `valkey-server` or `redis-server` is on PATH.
 * As with PostgreSQL, it has a process group of its own and outlives a launcher that was killed.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { endProcess, isAlive, waitUntil } from "./processes.js";

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const maximumSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/** Loading a long append-only file takes a while. */
const readyTimeoutMs = 60_000;

export interface LocalRedis {
  /** The socket's path, which ioredis takes in place of a URL. */
  url: string;
  pid: number;
  reused: boolean;
  stop: () => Promise<void>;
}

/**
 * Starts the server in `home`, or finds the one that runs there; null when this machine has none, and then the queue
 * runs on PostgreSQL.
 */
export async function startRedis({ home }: { home: string }): Promise<LocalRedis | null> {
  const socket = socketPath(resolve(home));
  const running = await askPid(socket);
  if (running !== null) return describe(socket, running, true);
  const program = findRedisProgram();
  if (program === null) return null;
  const dataFolder = join(resolve(home), "redis");
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  mkdirSync(join(home, "logs"), { recursive: true });
  const logFile = join(home, "logs", "redis.log");
  const pid = spawnServer(program, { socket, dataFolder, logFile });
  const ready = await waitUntil(async () => {
    if ((await askPid(socket)) === pid) return true;
    if (!isAlive(pid)) {
      throw new Error(`${program} did not start. The end of its log:\n${endOf(logFile)}`);
    }
    return false;
  }, readyTimeoutMs);
  if (!ready) throw new Error(`${program} (process ${pid}) does not answer on ${socket}`);
  return describe(socket, pid, false);
}

/** valkey-server before redis-server; BullMQ's scripts need the commands of 6.2. */
export function findRedisProgram(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of ["valkey-server", "redis-server"]) {
    for (const folder of folders) {
      const program = join(folder, name);
      if (!existsSync(program)) continue;
      const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
      const [, major, minor] = /v=(\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
      if (Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2)) return program;
    }
  }
  return null;
}

function socketPath(home: string): string {
  const inHome = join(home, "redis.sock");
  if (Buffer.byteLength(inHome) <= maximumSocketPathBytes) return inHome;
  const name = createHash("sha256").update(home).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `pclab-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  if (uid !== (process.getuid?.() ?? uid) || (mode & 0o077) !== 0) {
    throw new Error(
      `${folder} can be written by others, who could take the queue's place: remove it, or choose a PCLAB_HOME ` +
        `with a path short enough for a socket (${maximumSocketPathBytes} bytes)`,
    );
  }
  return join(folder, `${name}.sock`);
}

function spawnServer(
  program: string,
  { socket, dataFolder, logFile }: { socket: string; dataFolder: string; logFile: string },
): number {
  const settings: Record<string, string> = {
    // No TCP: nobody else on the machine can reach it.
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: dataFolder,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    // BullMQ loses jobs under any policy that evicts.
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  const log = openSync(logFile, "a");
  try {
    const child = spawn(
      program,
      Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      { detached: true, stdio: ["ignore", log, log], cwd: dataFolder },
    );
    child.on("error", () => undefined);
    child.unref();
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}

/** The process id of the server behind the socket once it takes commands; null when none does. */
async function askPid(socket: string): Promise<number | null> {
  const answer = await ask(socket, "PING\r\nINFO server\r\n");
  if (!answer.startsWith("+PONG")) return null;
  const pid = /process_id:(\d+)/.exec(answer)?.[1];
  return pid === undefined ? null : Number(pid);
}

/** The raw answer, "" when nobody listens. */
function ask(socket: string, commands: string): Promise<string> {
  return new Promise((resolveAnswer) => {
    let answer = "";
    const connection = connect(socket);
    const finish = (): void => {
      connection.destroy();
      resolveAnswer(answer);
    };
    connection.setTimeout(2_000, finish);
    connection.on("error", finish);
    connection.on("close", finish);
    connection.on("connect", () => connection.write(commands));
    connection.on("data", (bytes) => {
      answer += bytes.toString();
      if (/process_id:\d+\r|^-/.test(answer)) finish();
    });
  });
}

function describe(url: string, pid: number, reused: boolean): LocalRedis {
  return {
    url,
    pid,
    reused,
    // On SIGTERM it writes the append-only file out before it ends.
    stop: () =>
      endProcess(pid, [
        ["SIGTERM", 10_000],
        ["SIGKILL", 5_000],
      ]),
  };
}

function endOf(file: string): string {
  return readFileSync(file, "utf8").split("\n").slice(-8).join("\n");
}
