import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
// @ts-expect-error A script without types: its exports are named in its comments.
import * as nativeAddon from "../scripts/nativeAddon.mjs";

const { addonIsNewest, addonOf, addonState } = nativeAddon as {
  addonIsNewest: (folder: string) => boolean;
  addonOf: (folder: string) => string;
  addonState: (folder: string, path: string) => string;
};

let folder: string;
let programs: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-addon-"));
  programs = join(folder, "programs");
  await write("binding.gyp", "{}");
  await write("install.mjs", "");
  await write("cpp/kernels/avx2.cc", "int lanes = 8;");
});
afterEach(() => rm(folder, { recursive: true }));

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
};
const compile = async (): Promise<void> => {
  await mkdir(dirname(addonOf(folder)), { recursive: true });
  await writeFile(addonOf(folder), "machine code");
};
const state = (): string => addonState(folder, programs);

describe("an addon's state is another", () => {
  test.each([
    ["a kernel has changed", "cpp/kernels/avx2.cc", "int lanes = 9;"],
    ["a kernel was added", "cpp/kernels/neon.cc", "int lanes = 4;"],
    ["the build's settings have changed", "binding.gyp", "{ 'targets': [] }"],
    ["the build itself has changed", "install.mjs", "compile();"],
  ])("once %s", async (_, path, text) => {
    await compile();
    const before = state();
    await write(path, text);
    expect(state()).not.toBe(before);
  });

  test("once the addon is there, and once it is gone", async () => {
    const without = state();
    await compile();
    expect(state()).not.toBe(without);
    await rm(addonOf(folder));
    expect(state()).toBe(without);
  });

  test("once a compiler was installed, which matters only without an addon", async () => {
    const without = state();
    await compile();
    const built = state();
    await write("programs/g++", "");
    await chmod(join(programs, "g++"), 0o755);
    expect(state()).toBe(built);
    await rm(addonOf(folder));
    expect(state()).not.toBe(without);
  });
});

describe("an addon's state is the same", () => {
  test("whatever the files' dates say", async () => {
    await compile();
    const before = state();
    await utimes(join(folder, "binding.gyp"), 1, 1);
    await utimes(addonOf(folder), 2, 2);
    expect(state()).toBe(before);
  });

  test("when what is not compiled has changed", async () => {
    await compile();
    const before = state();
    await write("src/nativeEngine.ts", "export const x = 1;");
    expect(state()).toBe(before);
  });
});

describe("an addon is the newest", () => {
  test("when every source is older, and only then", async () => {
    expect(addonIsNewest(folder)).toBe(false);
    await compile();
    for (const path of ["binding.gyp", "install.mjs", "cpp/kernels/avx2.cc"]) {
      await utimes(join(folder, path), 1_000, 1_000);
    }
    expect(addonIsNewest(folder)).toBe(true);
    await utimes(join(folder, "cpp/kernels/avx2.cc"), 4_000_000_000, 4_000_000_000);
    expect(addonIsNewest(folder)).toBe(false);
  });
});
