import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./runProgram.js";

export const NATIVE_PACKAGE = "packages/engines/native";

/**
 * Builds the addon of a repository as its installation does.
 *
 * @param root the repository's, whose addon is replaced: a copy's
 * @param environment variables that the compiler's make file heeds: CXX, CXXFLAGS, LDFLAGS
 * @returns the addon's path
 * @throws Error with the compiler's words; no addon is left then
 */
export const buildAddon = async (root: string, environment: NodeJS.ProcessEnv = {}) => {
  const folder = join(root, NATIVE_PACKAGE);
  const addon = join(folder, "build/Release/pclab_native.node");
  await rm(addon, { force: true });
  const { output } = await runProgram(process.execPath, ["install.mjs"], { folder, environment });
  if (existsSync(addon)) return addon;
  const reason = await readFile(join(folder, "build/unavailable.txt"), "utf8").catch(() => output);
  throw new Error(`the addon was not built:\n${reason}`);
};
