import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { countMemoryKills, diedOfMemory } from "./outOfMemory.js";

const quietDeath = { lastWords: "", memoryKillsBefore: 4, memoryKillsAfter: 4 };

test("a process that fills its heap dies with the words that are looked for", () => {
  const hoard = "const all = []; for (;;) all.push(Array.from({ length: 1e5 }, Math.random));";
  const dead = spawnSync(process.execPath, ["--max-old-space-size=20", "--eval", hoard], {
    encoding: "utf8",
  });
  expect(dead.status).not.toBe(0);
  const signal = dead.signal as NodeJS.Signals;
  expect(diedOfMemory({ ...quietDeath, signal, lastWords: dead.stderr })).toBe(true);
});

test("SIGKILL is the kernel's only when its count has risen", () => {
  expect(diedOfMemory({ ...quietDeath, signal: "SIGKILL" })).toBe(false);
  expect(diedOfMemory({ ...quietDeath, signal: "SIGKILL", memoryKillsAfter: 5 })).toBe(true);
  expect(diedOfMemory({ ...quietDeath, signal: "SIGSEGV", memoryKillsAfter: 5 })).toBe(false);
  expect(diedOfMemory({ ...quietDeath, signal: "SIGKILL", memoryKillsBefore: null })).toBe(false);
});

test.runIf(process.platform === "linux")("Linux says how many it has killed", async () => {
  expect(await countMemoryKills()).toBeGreaterThanOrEqual(0);
});
