import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "./config.js";

let folder: string;
let home: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pclab-config-"));
  home = join(folder, ".pclab");
  mkdirSync(home);
  writeFileSync(join(home, "token"), "pcl_owner\n");
  writeFileSync(join(home, "launcher.json"), JSON.stringify({ url: "http://127.0.0.1:9999" }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("which lab", () => {
  test("--lab, then LAB, then the launcher of the home", () => {
    const lab = (environment: Record<string, string>, option?: string) =>
      readConfig(environment, folder, option).lab;
    expect(lab({ LAB: "http://b:1" }, "http://a:1/")).toBe("http://a:1");
    expect(lab({ LAB: "http://b:1" })).toBe("http://b:1");
    expect(lab({})).toBe("http://127.0.0.1:9999");
    expect(lab({ PCLAB_HOME: join(folder, "none") })).toBe("http://localhost:8080");
  });

  test("an address that is none is told with where it is from", () => {
    expect(() => readConfig({ LAB: "localhost:8080" }, folder, undefined)).toThrow(
      "LAB is 'localhost:8080', which is no address of a lab",
    );
  });
});

describe("which token", () => {
  test("LAB_TOKEN comes first", () => {
    expect(readConfig({ LAB_TOKEN: "pcl_mine" }, folder, undefined)).toMatchObject({
      token: "pcl_mine",
      tokenFrom: "LAB_TOKEN",
    });
  });

  test.each(["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])(
    "the owner's goes to %s",
    (lab) => {
      expect(readConfig({ LAB: lab }, folder, undefined).token).toBe("pcl_owner");
    },
  );

  test.each([
    "http://lab.example",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "http://10.0.0.1",
  ])("the owner's does not go to %s", (lab) => {
    expect(readConfig({ LAB: lab }, folder, undefined).token).toBeNull();
  });
});

test.each([
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  [{ FORCE_COLOR: "1" }, true],
  [{ TERM: "dumb" }, false],
  [{ NO_COLOR: "" }, null],
])("colours under %o: %s", (environment, colour) => {
  expect(readConfig(environment, folder, undefined).colour).toBe(colour);
});
