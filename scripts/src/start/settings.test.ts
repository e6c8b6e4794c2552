import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { SettingsError, readSettings } from "./settings.js";

describe("readSettings", () => {
  test("has a default for everything, and takes an empty variable for an unset one", () => {
    expect(readSettings([], { PCLAB_PORT: "", REDIS_URL: " " })).toMatchObject({
      home: resolve(".pclab"),
      host: "127.0.0.1",
      port: 8080,
      databaseUrl: null,
      redisUrl: null,
      datasetsOverride: undefined,
      engine: "auto",
      tfjsBackend: "tensorflow",
      withExample: true,
    });
  });

  test("reads --no-example", () => {
    expect(readSettings(["--no-example"], {}).withExample).toBe(false);
  });

  test.each([
    [[], { PCLAB_PORT: "80x" }, /PCLAB_PORT is "80x": expected a whole number from 0 to 65535/],
    [[], { PCLAB_PORT: "65536" }, /PCLAB_PORT/],
    [[], { PCLAB_SLOTS: "0" }, /PCLAB_SLOTS is "0"/],
    [[], { PCLAB_THREADS: "1.5" }, /PCLAB_THREADS is "1.5"/],
    [[], { ENGINE: "fast" }, /ENGINE is "fast": expected auto, reference, native/],
    [
      [],
      { PCLAB_TFJS_BACKEND: "webgl" },
      /PCLAB_TFJS_BACKEND is "webgl": expected tensorflow, cpu/,
    ],
    [["--no-exmaple"], {}, /--no-exmaple/],
    [["stray"], {}, /stray/],
  ])("refuses %j with %j by name", (argv, environment, message) => {
    expect(() => readSettings(argv, environment)).toThrow(SettingsError);
    expect(() => readSettings(argv, environment)).toThrow(message);
  });
});
