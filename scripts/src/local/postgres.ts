/**
 * A PostgreSQL of the lab's own, so that `npm start` and `npm test` need no set-up.
 *
 * The server runs in a process group of its own: Ctrl-C at the terminal reaches the launcher alone, which drains the
 * lab first and stops the server last. It also outlives a launcher that was killed, and the next one finds it again.
 * It listens on 127.0.0.1 only and asks for a password, as other people may use the same machine.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { findFreePort } from "./freePort.js";
import { findPostgresBinaries, type PostgresBinaries } from "./postgresBinaries.js";
import {
  choosePostgresFolder,
  makePrivateFolder,
  readOrCreatePassword,
  reachableBinaries,
} from "./postgresHome.js";
import { commandLine, endProcess, isAlive, waitUntil } from "./processes.js";
import { findUnprivilegedUser, type UnprivilegedUser } from "./unprivileged.js";

const userName = "pclab";
const databaseName = "pclab";

/** Crash recovery of a large database can take minutes; a server that makes no progress ends by itself. */
const readyTimeoutMs = 300_000;

export interface PostgresOptions {
  /** The lab's home: data and password are kept in it between starts. */
  home: string;
  /** False trades safety against a power cut for speed, for data that is thrown away anyway. */
  durable?: boolean;
  log?: (line: string) => void;
}

export interface LocalPostgres {
  /** postgresql://… of the lab's database. */
  url: string;
  pid: number;
  port: number;
  major: number;
  /** Where data and password lie: the home, or the folder that stands in for it. */
  folder: string;
  /** True when a running server was found, false when this call started it. */
  reused: boolean;
  /** Ends the server: open transactions are rolled back, what was committed is on disk. */
  stop: () => Promise<void>;
}

interface Server {
  folder: string;
  dataFolder: string;
  binaries: PostgresBinaries;
  user: UnprivilegedUser | null;
  password: string;
  durable: boolean;
  logFile: string;
}

/**
 * Starts PostgreSQL in `home`, creating the database at the first start, or finds the one that runs there already.
 *
 * @throws Error when there is no PostgreSQL, or when it does not start; the message holds the end of its log
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const { home, durable = true, log = () => undefined } = options;
  const user = findUnprivilegedUser();
  const folder = choosePostgresFolder(home, user, log);
  const dataFolder = join(folder, "postgres");
  const binaries = reachableBinaries(findPostgresBinaries(postgresMajorOf(dataFolder)), user);
  const password = readOrCreatePassword(folder);
  const logFolder = join(home, "logs");
  mkdirSync(logFolder, { recursive: true });
  const logFile = join(logFolder, "postgres.log");
  const server = { folder, dataFolder, binaries, user, password, durable, logFile };

  if (!existsSync(dataFolder)) createDataFolder(server);
  const running = await findRunning(server);
  if (running !== null) return connectTo(server, running, true);
  return connectTo(server, await launch(server), false);
}

/** The version that wrote a data folder; undefined where there is none. */
export function postgresMajorOf(dataFolder: string): number | undefined {
  const file = join(dataFolder, "PG_VERSION");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
}

/** initdb into a folder beside it, then a rename: an interrupted one leaves nothing that looks like a database. */
function createDataFolder({ dataFolder, binaries, user, password, durable }: Server): void {
  const partial = `${dataFolder}.new`;
  rmSync(partial, { recursive: true, force: true });
  makePrivateFolder(partial, user);
  const secretFolder = mkdtempSync(join(tmpdir(), "pclab-initdb-"));
  try {
    const passwordFile = join(secretFolder, "password");
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user !== null) {
      chownSync(secretFolder, user.uid, user.gid);
      chownSync(passwordFile, user.uid, user.gid);
    }
    const { status, stderr, error } = spawnSync(
      join(binaries.folder, "initdb"),
      [
        `--pgdata=${partial}`,
        `--username=${userName}`,
        `--pwfile=${passwordFile}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        ...(durable ? [] : ["--no-sync"]),
      ],
      { encoding: "utf8", cwd: "/", env: serverEnvironment(), ...identity(user) },
    );
    if (status !== 0) {
      throw new Error(`PostgreSQL's initdb failed: ${(error?.message ?? stderr).trim()}`);
    }
    renameSync(partial, dataFolder);
  } finally {
    rmSync(secretFolder, { recursive: true, force: true });
  }
}

/** The pid and port of a server that runs on this data folder, once it answers; null when none does. */
async function findRunning(server: Server): Promise<{ pid: number; port: number } | null> {
  const pidFile = join(server.dataFolder, "postmaster.pid");
  if (!existsSync(pidFile)) return null;
  const [pidLine, , , portLine] = readFileSync(pidFile, "utf8").split("\n");
  const pid = Number(pidLine);
  const port = Number(portLine);
  if (!isAlive(pid)) return null;
  const command = commandLine(pid);
  if (command !== "" && !command.includes(server.dataFolder)) {
    // The number went to another program since. PostgreSQL would take that for its old self and refuse to start.
    rmSync(pidFile);
    return null;
  }
  await waitUntilReady(server, { pid, port });
  return { pid, port };
}

/** A port found free may be taken a moment later, so a server that ends at once gets another. */
async function launch(server: Server): Promise<{ pid: number; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort("127.0.0.1", 0);
    const pid = spawnServer(server, port);
    try {
      await waitUntilReady(server, { pid, port });
      return { pid, port };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

function spawnServer(
  { binaries, dataFolder, user, durable, logFile }: Server,
  port: number,
): number {
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    // The way over TCP is enough, and a socket's path can be too long for the system.
    unix_socket_directories: "",
    max_connections: 200,
    // A run's times are UTC whatever the machine's zone.
    timezone: "UTC",
    log_timezone: "UTC",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const log = openSync(logFile, "a");
  try {
    const child = spawn(
      join(binaries.folder, "postgres"),
      [
        "-D",
        dataFolder,
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      {
        detached: true,
        stdio: ["ignore", log, log],
        cwd: "/",
        env: serverEnvironment(),
        ...identity(user),
      },
    );
    // Without a listener a failed spawn would end this process; waitUntilReady reports it.
    child.on("error", () => undefined);
    child.unref();
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}

async function waitUntilReady(
  server: Server,
  { pid, port }: { pid: number; port: number },
): Promise<void> {
  const ready = await waitUntil(async () => {
    if (await answers(urlOf(server, port, "postgres"))) return true;
    if (pid === 0 || !isAlive(pid)) {
      throw new Error(`PostgreSQL did not start. The end of its log:\n${endOf(server.logFile)}`);
    }
    return false;
  }, readyTimeoutMs);
  if (!ready) {
    throw new Error(
      `PostgreSQL (process ${pid}) does not answer. The end of its log:\n${endOf(server.logFile)}`,
    );
  }
}

/** False while nothing listens or the server still starts up; a refused password is an error. */
async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "28P01") throw error;
    return false;
  } finally {
    await client.end();
  }
}

async function connectTo(
  server: Server,
  { pid, port }: { pid: number; port: number },
  reused: boolean,
): Promise<LocalPostgres> {
  const client = new pg.Client({ connectionString: urlOf(server, port, "postgres") });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [
      databaseName,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end();
  }
  return {
    url: urlOf(server, port, databaseName),
    pid,
    port,
    major: server.binaries.major,
    folder: server.folder,
    reused,
    // SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one, which costs a recovery at the next start.
    stop: () =>
      endProcess(pid, [
        ["SIGINT", 20_000],
        ["SIGQUIT", 5_000],
        ["SIGKILL", 5_000],
      ]),
  };
}

function urlOf({ password }: Server, port: number, database: string): string {
  return `postgresql://${userName}:${password}@127.0.0.1:${port}/${database}`;
}

function identity(user: UnprivilegedUser | null): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}

/** PG* variables of the user's shell name other servers, and must not reach this one. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(others), LC_ALL: "C" };
}

function endOf(file: string): string {
  return readFileSync(file, "utf8").split("\n").slice(-12).join("\n");
}
