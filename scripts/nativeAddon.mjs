/** Whether the native engine's addon fits its sources: what the preparation goes by. Uses nothing but Node. */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, join, relative } from "node:path";

/** What node-gyp compiles with. */
const tools = ["c++", "g++", "clang++", "make", "python3"];

export const addonOf = (folder) => join(folder, "build/Release/pclab_native.node");

/**
 * Names the sources by their contents, and whether there is an addon. Without one it names the tools on `path` too, so
 * that a build that failed is not tried again until the sources have changed or a tool was installed.
 *
 * @param {string} folder packages/engines/native
 * @param {string} path the environment's PATH
 */
export function addonState(folder, path) {
  const hash = createHash("sha256");
  for (const file of sourcesOf(folder)) {
    const bytes = readFileSync(file);
    hash.update(`${relative(folder, file)}\0${bytes.length}\0`).update(bytes);
  }
  const found = existsSync(addonOf(folder))
    ? "built"
    : `not built, tools: ${tools.filter((tool) => isOnPath(tool, path)).join(" ")}`;
  return `${hash.digest("hex")} ${found}`;
}

/** True when the addon is younger than all sources: `npm ci` has just built it, and there is no stamp of that yet. */
export function addonIsNewest(folder) {
  const addon = addonOf(folder);
  if (!existsSync(addon)) return false;
  const { mtimeMs } = statSync(addon);
  return sourcesOf(folder).every((file) => statSync(file).mtimeMs < mtimeMs);
}

function sourcesOf(folder) {
  const kernels = readdirSync(join(folder, "cpp"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const build = ["binding.gyp", "install.mjs"].map((name) => join(folder, name));
  return [...build, ...kernels.sort()].filter((file) => existsSync(file));
}

function isOnPath(program, path) {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}
