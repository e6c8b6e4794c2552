import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "./config.js";

const DATABASE_URL = "postgresql://lab:secret@db/pclab";

test("a database is all it needs", () => {
  expect(readConfig({ DATABASE_URL })).toEqual({
    databaseUrl: DATABASE_URL,
    redisUrl: null,
    engine: "auto",
    engineSettings: { tfjsBackend: "tensorflow", allowSoftwareGpu: false },
    slots: availableParallelism(),
    threads: availableParallelism(),
    runsPerPack: null,
    datasetsFolder: resolve(".pclab/datasets"),
    gitSha: null,
    leaseMs: 15_000,
    heartbeatMs: 1_000,
    checkpointSeconds: 30,
    logLevel: "info",
  });
});

test("every variable is heard", () => {
  const config = readConfig({
    DATABASE_URL,
    REDIS_URL: "redis://queue",
    ENGINE: "native",
    PCLAB_TFJS_BACKEND: "cpu",
    PCLAB_WEBGPU_SOFTWARE: "1",
    PCLAB_SLOTS: "3",
    PCLAB_THREADS: "6",
    PCLAB_HOME: "/home",
    PCLAB_DATASETS: "/data",
    PCLAB_GIT_SHA: "0123abc",
    PCLAB_LEASE_MS: "2000",
    PCLAB_HEARTBEAT_MS: "200",
    PCLAB_CHECKPOINT_SECONDS: "0.5",
    PCLAB_LOG_LEVEL: "debug",
  });
  expect(config).toMatchObject({
    redisUrl: "redis://queue",
    engine: "native",
    engineSettings: { tfjsBackend: "cpu", allowSoftwareGpu: true },
    slots: 3,
    threads: 6,
    datasetsFolder: "/data",
    gitSha: "0123abc",
    leaseMs: 2_000,
    heartbeatMs: 200,
    checkpointSeconds: 0.5,
    logLevel: "debug",
  });
});

test.each([
  ["DATABASE_URL", { DATABASE_URL: "" }],
  ["PCLAB_WEBGPU_SOFTWARE", { PCLAB_WEBGPU_SOFTWARE: "yes" }],
  ["PCLAB_SLOTS", { PCLAB_SLOTS: "0" }],
  ["PCLAB_SLOTS", { PCLAB_SLOTS: "two" }],
  ["PCLAB_THREADS", { PCLAB_THREADS: "0" }],
  ["PCLAB_THREADS", { PCLAB_THREADS: "1.5" }],
  ["PCLAB_TFJS_BACKEND", { PCLAB_TFJS_BACKEND: "webgl" }],
  ["ENGINE", { ENGINE: "" }],
  ["ENGINE", { ENGINE: "Native" }],
  ["ENGINE", { ENGINE: "native/avx2" }],
  ["PCLAB_CHECKPOINT_SECONDS", { PCLAB_CHECKPOINT_SECONDS: "0" }],
  ["PCLAB_HEARTBEAT_MS", { PCLAB_HEARTBEAT_MS: "5000" }],
  ["PCLAB_HEARTBEAT_MS", { PCLAB_HEARTBEAT_MS: "900", PCLAB_LEASE_MS: "1000" }],
  ["PCLAB_LOG_LEVEL", { PCLAB_LOG_LEVEL: "loud" }],
])("%s that is wrong is named, and no secret is repeated", (name, environment) => {
  const read = () => readConfig({ DATABASE_URL, ...environment });
  expect(read).toThrow(name);
  expect(read).not.toThrow("secret");
});

test("all that is wrong is named at once", () => {
  const read = () => readConfig({ PCLAB_SLOTS: "0", PCLAB_LOG_LEVEL: "loud" });
  expect(read).toThrow(/DATABASE_URL.*PCLAB_SLOTS.*PCLAB_LOG_LEVEL/);
});

test("a pack has as many slots as members, unless fewer are asked for", () => {
  const packed = readConfig({ DATABASE_URL, PCLAB_PACK: "64" });
  expect(packed).toMatchObject({ runsPerPack: 64, slots: Math.max(64, availableParallelism()) });
  expect(readConfig({ DATABASE_URL, PCLAB_PACK: "64", PCLAB_SLOTS: "8" }).slots).toBe(8);
  expect(readConfig({ DATABASE_URL, PCLAB_PACK: "" }).runsPerPack).toBeNull();
  expect(() => readConfig({ DATABASE_URL, PCLAB_PACK: "0" })).toThrow("PCLAB_PACK");
});
