/** The processes of a lab, started in the order in which they need each other and stopped in the reverse. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@pclab/storage";
import { findFreePort } from "../local/freePort.js";
import { startPostgres } from "../local/postgres.js";
import { commandLine, waitUntil } from "../local/processes.js";
import { startRedis } from "../local/redis.js";
import type { HomeLock } from "./homeLock.js";
import { createLabClient, isReady } from "./labClient.js";
import { readToken, writeNewToken } from "./ownerToken.js";
import type { Settings } from "./settings.js";
import { type SupervisedProcess, endOfLog, supervise } from "./supervisedProcess.js";

/** The repository, from scripts/dist/start/ as from scripts/src/start/. */
export const repository = fileURLToPath(new URL("../../..", import.meta.url));

const apiReadyTimeoutMs = 60_000;
/** reliability.md's promise for a drain, and a moment to end in. */
const drainTimeoutMs = 32_000;

export interface Lab {
  url: string;
  token: string;
  /** True when this start made the owner's token: the home was empty. */
  isFirstStart: boolean;
  logFolder: string;
}

/** What is running, so that a start that fails half way can be undone too. */
export class LabProcesses {
  readonly #stoppers: (() => Promise<void>)[] = [];
  readonly #supervised: SupervisedProcess[] = [];

  addService(stop: () => Promise<void>): void {
    this.#stoppers.unshift(stop);
  }

  addSupervised(child: SupervisedProcess): void {
    this.#supervised.push(child);
  }

  list(): { pid: number; command: string }[] {
    return this.#supervised
      .map((child) => child.pid())
      .filter((pid) => pid !== undefined)
      .map((pid) => ({ pid, command: commandLine(pid) }));
  }

  /** Worker and API hand back what they hold; the database and the queue end last. */
  async drain(): Promise<void> {
    await Promise.all(this.#supervised.map((child) => child.drain(drainTimeoutMs)));
    for (const stop of this.#stoppers) await stop();
  }

  /** For a person who does not want to wait: drain, already under way, then finishes at once. */
  kill(): void {
    for (const child of this.#supervised) child.kill();
  }
}

export interface StartLabOptions {
  settings: Settings;
  lock: HomeLock;
  processes: LabProcesses;
  log: (line: string) => void;
}

export async function startLab({ settings, lock, processes, log }: StartLabOptions): Promise<Lab> {
  const { home, host } = settings;
  const logFolder = join(home, "logs");
  mkdirSync(logFolder, { recursive: true });

  const [databaseUrl, redisUrl] = await Promise.all([
    openDatabase(settings, processes, log),
    openQueue(settings, processes, log),
  ]);
  await migrate(databaseUrl, { log });

  const port = await findFreePort(host, settings.port);
  if (port !== settings.port && settings.port !== 0) {
    log(`port ${settings.port} is taken: the lab listens on ${port}`);
  }
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    PCLAB_HOST: host,
    PCLAB_PORT: String(port),
    PCLAB_HOME: home,
    PCLAB_SLOTS: String(settings.slots),
    PCLAB_THREADS: String(settings.threads),
    ENGINE: settings.engine,
    PCLAB_TFJS_BACKEND: settings.tfjsBackend,
    PCLAB_WEBGPU_SOFTWARE: settings.allowSoftwareGpu ? "1" : "0",
    ...readGitSha(),
  };
  // An empty variable of the user's shell would name a Redis without an address.
  delete environment["REDIS_URL"];
  if (redisUrl !== null) environment["REDIS_URL"] = redisUrl;

  for (const [name, script] of [
    ["api", "apps/api/dist/server.js"],
    ["worker", "apps/worker/dist/main.js"],
  ] as const) {
    processes.addSupervised(
      supervise({
        name,
        script: join(repository, script),
        environment,
        logFile: join(logFolder, `${name}.log`),
        onStart: () => setImmediate(() => lock.update({ children: processes.list() })),
        onDeath: ({ how, pauseMs }) =>
          log(
            `the ${name} ended with ${how} and starts again in ${pauseMs / 1000} s (see logs/${name}.log)`,
          ),
      }),
    );
  }

  const storedToken = readToken(home);
  const makeToken = (): Promise<string> =>
    writeNewToken(home, {
      createTokenScript: join(repository, "apps/api/dist/createToken.js"),
      databaseUrl,
    });
  const [candidate] = await Promise.all([
    storedToken ?? makeToken(),
    waitForApi(localUrl(host, port), join(logFolder, "api.log")),
  ]);
  const url = localUrl(host, port);
  // A file kept from another database opens nothing here.
  const valid = await createLabClient(url, candidate).tokenIsValid();
  const token = valid ? candidate : await makeToken();
  lock.update({ url });
  return { url, token, isFirstStart: storedToken === null, logFolder };
}

async function openDatabase(
  { databaseUrl, home }: Settings,
  processes: LabProcesses,
  log: (line: string) => void,
): Promise<string> {
  if (databaseUrl !== null) return databaseUrl;
  const postgres = await startPostgres({ home, log });
  processes.addService(postgres.stop);
  log(
    `PostgreSQL ${postgres.major} ${postgres.reused ? "found running" : "started"} on port ${postgres.port}`,
  );
  return postgres.url;
}

/** Null: the queue runs on PostgreSQL. */
async function openQueue(
  { redisUrl, home }: Settings,
  processes: LabProcesses,
  log: (line: string) => void,
): Promise<string | null> {
  if (redisUrl !== null) return redisUrl;
  const redis = await startRedis({ home });
  if (redis === null) {
    log("no valkey-server or redis-server on PATH: the queue runs on PostgreSQL");
    return null;
  }
  processes.addService(redis.stop);
  log(`Redis ${redis.reused ? "found running" : "started"} on ${redis.url}`);
  return redis.url;
}

async function waitForApi(url: string, logFile: string): Promise<void> {
  if (await waitUntil(() => isReady(url), apiReadyTimeoutMs)) return;
  throw new Error(
    `the API is not ready after ${apiReadyTimeoutMs / 1000} s. The end of its log:\n${endOfLog(logFile)}`,
  );
}

/** Where a program on this machine reaches the API: an address like 0.0.0.0 is one to listen on, not to call. */
function localUrl(host: string, port: number): string {
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** The commit that is running, for the manifests of its runs; none where the sources came without git. */
function readGitSha(): { PCLAB_GIT_SHA?: string } {
  const { status, stdout } = spawnSync(
    "git",
    ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
    { cwd: repository, encoding: "utf8" },
  );
  return status === 0 ? { PCLAB_GIT_SHA: stdout.trim() } : {};
}

/** A home that others may not list; PostgreSQL's user only passes through. */
export function makeHome(home: string): void {
  if (mkdirSync(home, { recursive: true, mode: 0o711 }) !== undefined) chmodSync(home, 0o711);
}
