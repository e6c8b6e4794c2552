import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { endProcess, isAlive } from "./processes.js";
import { type LocalRedis, startRedis } from "./redis.js";

let home: string;
const started = new Set<LocalRedis>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pclab-redis-"));
});

afterEach(async () => {
  for (const one of started) await one.stop();
  started.clear();
  await rm(home, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const start = async (folder = home): Promise<LocalRedis> => {
  const server = await startRedis({ home: folder });
  if (server === null) throw new Error("no Redis although the set-up found one");
  started.add(server);
  return server;
};

/** One command's one-line answer. */
const command = (socket: string, words: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const connection = connect(socket, () => connection.write(`${words}\r\n`));
    connection.on("error", reject);
    connection.on("data", (bytes) => {
      connection.destroy();
      resolve(bytes.toString().trim());
    });
  });

test("without a server on PATH there is none: the queue runs on PostgreSQL", async () => {
  vi.stubEnv("PATH", "");
  expect(await startRedis({ home })).toBeNull();
});

describe.runIf(inject("redisUrl") !== null)("a Redis of the lab's own", () => {
  test("keeps its data from one start to the next", async () => {
    const first = await start();
    await command(first.url, "SET kept 42");
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.reused).toBe(false);
    expect(await command(second.url, "GET kept")).toBe("$2\r\n42");
  });

  test("that is running is found again", async () => {
    const first = await start();
    expect(await start()).toMatchObject({ reused: true, pid: first.pid });
  });

  test("starts again after it was killed and left its socket", async () => {
    const first = await start();
    await endProcess(first.pid, [["SIGKILL", 5_000]]);
    await expect(stat(first.url)).resolves.toBeDefined();
    expect((await start()).reused).toBe(false);
  });

  test("evicts nothing and takes no connection from the network", async () => {
    const { url } = await start();
    expect(await command(url, "CONFIG GET maxmemory-policy")).toContain("noeviction");
    expect(await command(url, "CONFIG GET port")).toMatch(/\r\n0$/);
  });

  test("has its socket elsewhere when the home's path is too long for one", async () => {
    const deep = join(home, "x".repeat(100));
    await mkdir(deep);
    const { url } = await start(deep);
    expect(Buffer.byteLength(url)).toBeLessThanOrEqual(107);
    expect(await command(url, "PING")).toBe("+PONG");
  });
});
