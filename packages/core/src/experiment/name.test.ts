import { describe, expect, test } from "vitest";
import { parseRunName, printRunName } from "./name.js";
import { ALGORITHMS } from "./vocabulary.js";

describe("a run's name", () => {
  test("is written as the paper writes it", () => {
    expect(printRunName({ algorithm: "bp", width: 1024, depth: 8 })).toBe("bp_1024_8");
    expect(printRunName({ algorithm: "pc_rc23", width: 256, depth: 8 })).toBe("pc_256_8_rc23");
  });

  test("reads back as what it was printed from", () => {
    for (const algorithm of ALGORITHMS) {
      for (const [width, depth] of [
        [1, 1],
        [8192, 64],
      ] as const) {
        const name = { algorithm, width, depth };
        expect(parseRunName(printRunName(name))).toEqual(name);
      }
    }
  });

  test.each([
    "",
    "bp",
    "bp_256",
    "bp_256_8_rc2",
    "pc_256_8_rc4",
    "pc_0_8",
    "pc_256_08",
    "pc_256_8_",
    "PC_256_8",
    "pc_256_8_rc2 ",
  ])("is not %j", (text) => {
    expect(parseRunName(text)).toBeNull();
  });
});
