import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type LocalPostgres, startPostgres } from "./postgres.js";
import { endProcess, isAlive } from "./processes.js";

let home: string;
const started = new Set<LocalPostgres>();

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pclab-postgres-"));
  // PostgreSQL's user has to get through when this process is root.
  await chmod(home, 0o711);
});

afterEach(async () => {
  for (const one of started) await one.stop();
  for (const { folder } of started) await rm(folder, { recursive: true, force: true });
  started.clear();
  await rm(home, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const start = async ({ durable = false } = {}): Promise<LocalPostgres> => {
  const server = await startPostgres({ home, durable });
  started.add(server);
  return server;
};

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

describe.each(["", "bundled"])("a PostgreSQL of the lab's own (PCLAB_POSTGRES=%s)", (choice) => {
  beforeEach(() => {
    vi.stubEnv("PCLAB_POSTGRES", choice);
  });

  test("keeps its data from one start to the next", async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second.reused).toBe(false);
    expect(await query(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });
});

describe("a PostgreSQL of the lab's own", () => {
  test("that is running is found again, as after a launcher that was killed", async () => {
    const first = await start();
    const second = await start();
    expect(second).toMatchObject({ reused: true, pid: first.pid, url: first.url });
  });

  test("starts again after it was killed, with what was committed", async () => {
    const first = await start({ durable: true });
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await endProcess(first.pid, [["SIGKILL", 5_000]]);
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(await query(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  });

  test("starts although its pid file names another program by now", async () => {
    const first = await start();
    await first.stop();
    const pidFile = join(first.folder, "postgres", "postmaster.pid");
    await writeFile(pidFile, `${process.pid}\n${first.folder}\n0\n${first.port}\n`);
    expect((await start()).reused).toBe(false);
  });

  test("asks for its password, which its owner alone can read", async () => {
    const { url, folder } = await start();
    const wrong = Object.assign(new URL(url), { password: "wrong" }).href;
    await expect(query(wrong, "SELECT 1")).rejects.toMatchObject({ code: "28P01" });
    expect((await stat(join(folder, "postgres-password"))).mode & 0o777).toBe(0o600);
  });

  test("reports times in UTC", async () => {
    const { url } = await start();
    expect(await query(url, "SHOW timezone")).toEqual([{ TimeZone: "UTC" }]);
  });

  test("says so when its password is lost, and destroys nothing", async () => {
    const { folder, stop } = await start();
    await stop();
    const file = join(folder, "postgres-password");
    const password = await readFile(file, "utf8");
    await rm(file);
    await expect(startPostgres({ home })).rejects.toThrow(/postgres-password is missing/);
    await writeFile(file, password);
    await expect(start()).resolves.toBeDefined();
  });

  test.runIf(process.getuid?.() === 0)(
    "keeps its data elsewhere when its user cannot enter the home",
    async () => {
      await chmod(home, 0o700);
      const lines: string[] = [];
      const server = await startPostgres({ home, durable: false, log: (line) => lines.push(line) });
      started.add(server);
      expect(server.folder).toMatch(/^\/var\/lib\/pclab\/[0-9a-f]{16}$/);
      expect(lines.join("\n")).toContain(server.folder);
      expect((await start()).reused).toBe(true);
    },
  );
});
