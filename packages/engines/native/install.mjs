/**
 * Builds the addon, as npm's install step and after a change of its sources. A machine that cannot build it is no error:
 * the lab then runs on its other engines, and `npm run doctor` repeats the reason that is left here.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const release = join(folder, "build/Release");
const addon = "pclab_native.node";
const reasonFile = join(folder, "build/unavailable.txt");

/** npm brings node-gyp along; its place is known from npm's own. */
function nodeGyp() {
  const npm = process.env.npm_execpath;
  const besideNpm = npm && join(dirname(npm), "../node_modules/node-gyp/bin/node-gyp.js");
  const besideNode = join(
    dirname(process.execPath),
    "../lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js",
  );
  return [besideNpm, besideNode].find((path) => path && existsSync(path));
}

/** Node's headers lie beside it in most installations; only without them does node-gyp download them. */
function headers() {
  const prefix = join(dirname(process.execPath), "..");
  return existsSync(join(prefix, "include/node/node_api.h")) ? [`--nodedir=${prefix}`] : [];
}

/**
 * In a folder of its own, so that two builds at once do not delete each other's files, and a process that has the addon
 * loaded keeps the one it has: the new one takes its name at the end.
 */
function build() {
  const program = nodeGyp();
  mkdirSync(release, { recursive: true });
  if (program === undefined) return "node-gyp was not found: npm, which brings it, is missing";
  const work = mkdtempSync(join(folder, "build/work-"));
  try {
    for (const part of ["cpp", "binding.gyp", "package.json"]) {
      cpSync(join(folder, part), join(work, part), { recursive: true });
    }
    const words = [program, "rebuild", "--jobs=max", "--loglevel=error", ...headers()];
    const { status, error, stdout, stderr } = spawnSync(process.execPath, words, {
      cwd: work,
      encoding: "utf8",
      maxBuffer: 64 * 2 ** 20,
    });
    if (status !== 0) return error?.message ?? `${stdout}${stderr}`.trim();
    renameSync(join(work, "build/Release", addon), join(release, addon));
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const failure = build();
if (failure === null) {
  rmSync(reasonFile, { force: true });
} else {
  writeFileSync(reasonFile, `${failure}\n`);
  process.stderr.write("the native engine was not built; `npm run doctor` says why\n");
}
