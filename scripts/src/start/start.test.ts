/** The launcher as a user meets it: `node scripts/start.mjs` on a home of its own, on the build that npm test made. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAlive, waitForExit, waitUntil } from "../local/processes.js";
import type { LockRecord } from "./homeLock.js";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const readyTimeoutMs = 60_000;
const endTimeoutMs = 45_000;

let home: string;
const launched: Launcher[] = [];

interface Launcher {
  child: ChildProcess;
  output: () => string;
  /** The exit status, once it ended. */
  ended: Promise<number | null>;
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pclab-start-"));
  await chmod(home, 0o711);
});

afterEach(async () => {
  for (const { child } of launched) if (child.exitCode === null) child.kill("SIGTERM");
  for (const { ended } of launched) await ended;
  launched.length = 0;
  // What a killed launcher left is ended by the next one.
  const last = launch({});
  await ready(last);
  last.child.kill("SIGTERM");
  await last.ended;
  launched.length = 0;
  await rm(home, { recursive: true });
});

function launch(environment: Record<string, string>): Launcher {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env;
  const child = spawn(process.execPath, ["scripts/start.mjs", "--no-example"], {
    cwd: repository,
    env: { ...inherited, PCLAB_HOME: home, PCLAB_PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  }
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const launcher = { child, output: () => output, ended };
  launched.push(launcher);
  return launcher;
}

/** The printed address, once the lab is ready. */
async function ready({ child, output }: Launcher): Promise<string> {
  const found = await waitUntil(async () => {
    if (child.exitCode !== null) throw new Error(`the launcher ended:\n${output()}`);
    return output().includes("Ctrl-C stops the lab");
  }, readyTimeoutMs);
  expect(found, output()).toBe(true);
  return /The lab is at (\S+)/.exec(output())?.[1] ?? "";
}

const readToken = async (): Promise<string> => (await readFile(join(home, "token"), "utf8")).trim();

const readLock = async (): Promise<LockRecord> =>
  JSON.parse(await readFile(join(home, "launcher.json"), "utf8")) as LockRecord;

const getQueue = async (url: string): Promise<Response> =>
  fetch(`${url}/v1/queue`, { headers: { authorization: `Bearer ${await readToken()}` } });

const statusOfQueue = async (url: string): Promise<number> => (await getQueue(url)).status;

test("a home has one launcher: the second says where the first one runs, and SIGTERM ends all of it", async () => {
  const first = launch({});
  const url = await ready(first);
  expect(first.output()).toContain(`Your token: ${await readToken()}`);
  expect((await stat(join(home, "token"))).mode & 0o777).toBe(0o600);
  expect(await statusOfQueue(url)).toBe(200);

  const second = launch({});
  expect(await second.ended).toBe(0);
  expect(second.output()).toContain(`runs already, at ${url} (process ${first.child.pid})`);
  expect(await statusOfQueue(url)).toBe(200);

  const { children } = await readLock();
  expect(children).toHaveLength(2);
  first.child.kill("SIGTERM");
  expect(await first.ended, first.output()).toBe(0);
  for (const { pid } of children) expect(isAlive(pid)).toBe(false);
  await expect(fetch(url)).rejects.toThrow();
  await expect(stat(join(home, "launcher.json"))).rejects.toMatchObject({ code: "ENOENT" });
});

test("after a launcher that was killed the next takes over: what it left ends, the token still opens the lab", async () => {
  const first = launch({});
  await ready(first);
  const { children } = await readLock();
  const token = await readToken();
  first.child.kill("SIGKILL");
  await first.ended;
  for (const { pid } of children) expect(isAlive(pid)).toBe(true);

  const second = launch({});
  const url = await ready(second);
  for (const { pid } of children) expect(await waitForExit(pid, endTimeoutMs)).toBe(true);
  expect(await readToken()).toBe(token);
  expect(await statusOfQueue(url)).toBe(200);
});

test("an API or a worker that dies is started again", async () => {
  const launcher = launch({});
  const url = await ready(launcher);
  const { children } = await readLock();
  for (const { pid } of children) process.kill(pid, "SIGKILL");
  const before = children.map(({ pid }) => pid);
  const restarted = await waitUntil(async () => {
    const now = (await readLock()).children;
    return now.length === 2 && now.every(({ pid }) => !before.includes(pid));
  }, 30_000);
  expect(restarted, launcher.output()).toBe(true);
  expect(
    await waitUntil(
      () =>
        statusOfQueue(url).then(
          (status) => status === 200,
          () => false,
        ),
      30_000,
    ),
  ).toBe(true);
});

test("a taken port is passed by, and said so", async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, "127.0.0.1", () => {
      const address = taken.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  try {
    const launcher = launch({ PCLAB_PORT: String(port) });
    const url = await ready(launcher);
    expect(launcher.output()).toContain(`port ${port} is taken`);
    expect(Number(new URL(url).port)).toBeGreaterThan(port);
  } finally {
    taken.close();
  }
});

test.each([
  ["a lost token", () => rm(join(home, "token"))],
  [
    "a token of another database",
    () => writeFile(join(home, "token"), "pcl_of_another_database\n"),
  ],
])(
  "%s is replaced by a new one",
  async (_, spoil) => {
    const first = launch({});
    await ready(first);
    first.child.kill("SIGTERM");
    await first.ended;
    const token = await readToken();
    await spoil();
    const second = launch({});
    expect(await statusOfQueue(await ready(second))).toBe(200);
    expect(await readToken()).not.toBe(token);
    expect(second.output()).toContain(await readToken());
  },
  120_000,
);
