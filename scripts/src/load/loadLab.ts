/** A lab for load: the built API and worker as processes of their own, on a PostgreSQL and a Redis of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Database,
  createToken,
  findOrCreateUser,
  migrate,
  openDatabase,
  writeSyntheticDataset,
} from "@pclab/storage";
import { findFreePort } from "../local/freePort.js";
import { startPostgres } from "../local/postgres.js";
import { waitUntil } from "../local/processes.js";
import { startRedis } from "../local/redis.js";

export interface LoadLab {
  url: string;
  database: Database;
  userId: string;
  /** A request with the user's token; the time until the whole answer was read, in milliseconds. */
  request(
    path: string,
    init?: RequestInit,
  ): Promise<{ body: string; tookMs: number; status: number }>;
  token: string;
  apiPid: number;
  apiLog(): string;
  startWorker(slots: number): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const READY_MS = 60_000;

export const openLoadLab = async (root: string): Promise<LoadLab> => {
  const home = await mkdtemp(join(tmpdir(), "pclab-load-"));
  // PostgreSQL may run as another user, which has to get through.
  await chmod(home, 0o711);
  const postgres = await startPostgres({ home });
  const redis = await startRedis({ home });
  await migrate(postgres.url);
  const database = openDatabase({ url: postgres.url, poolSize: 4 });
  const { id: userId } = await findOrCreateUser(database, "ada");
  const { text: token } = await createToken(database, { userId, name: "load", scope: "submit" });
  const datasets = join(home, "datasets");
  await mkdir(datasets);
  await writeSyntheticDataset(join(datasets, "fashion-mnist"), { train: 100, test: 20, seed: 1 });
  const port = await findFreePort("127.0.0.1", 0);
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.url,
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    PCLAB_HOME: home,
    PCLAB_DATASETS: datasets,
    PCLAB_PORT: String(port),
    PCLAB_HOST: "127.0.0.1",
    PCLAB_REQUESTS_PER_MINUTE: "1000000",
    PCLAB_LOG_LEVEL: "debug",
  };
  const children: ChildProcess[] = [];
  const start = (script: string, log: string, more: NodeJS.ProcessEnv = {}): ChildProcess => {
    const child = spawn(process.execPath, [join(root, script)], {
      env: { ...environment, ...more },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout?.pipe(createWriteStream(join(home, log)));
    children.push(child);
    return child;
  };
  const stop = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve();
        return;
      }
      child.once("exit", () => resolve());
      child.kill("SIGTERM");
    });
  const api = start("apps/api/dist/server.js", "api.log");
  const url = `http://127.0.0.1:${port}`;
  const isReady = async (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await waitUntil(isReady, READY_MS))) throw new Error(`the API at ${url} is not ready`);

  return {
    url,
    database,
    userId,
    token,
    apiPid: api.pid ?? 0,
    apiLog: () => readFileSync(join(home, "api.log"), "utf8"),
    request: async (path, init = {}) => {
      const startMs = performance.now();
      const response = await fetch(`${url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) },
      });
      const body = await response.text();
      return { body, tookMs: performance.now() - startMs, status: response.status };
    },
    startWorker: async (slots) => {
      const worker = start("apps/worker/dist/main.js", "worker.log", {
        PCLAB_SLOTS: String(slots),
        PCLAB_THREADS: String(slots),
        PCLAB_LOG_LEVEL: "info",
      });
      const isThere = async (): Promise<boolean> =>
        (await database.prisma.worker.count({ where: { stoppedAt: null } })) > 0;
      if (!(await waitUntil(isThere, READY_MS))) throw new Error("the worker did not come");
      return () => stop(worker);
    },
    close: async () => {
      for (const child of children.reverse()) await stop(child);
      await database.close();
      await redis?.stop();
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
};
