import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type Fault, applyFault } from "./fault.js";
import { FAULTS } from "./faults.js";
import { NATIVE_FAULTS } from "./faults/native.js";
import { runMutations } from "./mutations.js";

const ROOT = join(import.meta.dirname, "..", "..", "..");

const ALL_FAULTS = [...FAULTS, ...NATIVE_FAULTS];

describe("every fault of the lists", () => {
  test.each(ALL_FAULTS.map((fault) => [fault.name, fault] as const))(
    "fits the sources: %s",
    async (_, fault) => {
      const source = await readFile(join(ROOT, fault.file), "utf8");
      expect(applyFault(source, fault)).not.toBe(source);
      for (const file of fault.tests) expect(existsSync(join(ROOT, file)), file).toBe(true);
    },
  );

  test("has a name of its own", () => {
    expect(new Set(ALL_FAULTS.map(({ name }) => name)).size).toBe(ALL_FAULTS.length);
  });
});

describe("the runner", () => {
  const schedule: Omit<Fault, "name" | "find" | "replace"> = {
    file: "packages/core/src/engine/schedule.ts",
    tests: ["packages/core/src/engine/schedule.test.ts"],
  };

  const run = async (faults: Fault[]): Promise<{ status: number; text: string }> => {
    let text = "";
    const output = new Writable({
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
    return { status: await runMutations({ root: ROOT, faults, output }), text };
  };

  test("tells a fault that the tests catch from one that survives them", async () => {
    const find = "return (update + 1) / warmupUpdates;";
    const caught = { ...schedule, name: "wrong", find, replace: "return 1 / warmupUpdates;" };
    const harmless = { ...schedule, name: "harmless", find, replace: `${find} // Nothing.` };
    const { status, text } = await run([caught, harmless]);
    expect(status).toBe(1);
    expect(text).toContain("caught    wrong");
    expect(text).toContain("SURVIVED  harmless");
    expect(text).toContain("1 faults caught, 1 survived");
  });

  test("refuses a fault whose text is no longer there", async () => {
    const gone = { ...schedule, name: "gone", find: "never written", replace: "" };
    await expect(run([gone])).rejects.toThrow(/occurs 0 times in .*schedule.ts/);
  });
});
