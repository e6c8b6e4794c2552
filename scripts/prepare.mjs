/**
 * Brings a checkout to where the lab runs: dependencies, the native engine, Prisma's client, the build. It uses nothing
 * but Node, as there may be nothing else yet, and does only what is out of date, so that an idle preparation takes a
 * fraction of a second.
 *
 *   node scripts/prepare.mjs
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { addonIsNewest, addonOf, addonState } from "./nativeAddon.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Root's dist/ is ignored by git and by npm, and survives the removal of node_modules. */
const stateFolder = join(root, "dist");
const stampFile = join(stateFolder, "prepared.json");
const lockFile = join(stateFolder, "prepare.lock");
const nativeFolder = join(root, "packages/engines/native");

/** The problem is the user's to solve: main prints it without a stack. */
class PreparationError extends Error {}

export async function prepare(log = (line) => process.stdout.write(`${line}\n`)) {
  checkNode(process.versions.node);
  mkdirSync(stateFolder, { recursive: true });
  await takeLock(log);
  try {
    const stamps = readStamps();
    step(stamps, "install", needsInstall, install, log, "installing the dependencies");
    step(stamps, "native", needsNative, compileNative, log, "compiling the native engine");
    step(stamps, "generate", needsGenerate, generate, log, "generating the database client");
    step(stamps, "build", needsBuild, build, log, "building");
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** `engines` of package.json, checked here because npm only warns. */
export function checkNode(version) {
  const [major, minor] = version.split(".").map(Number);
  if (major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new PreparationError(
    `pclab needs Node 20.19, 22.12, or 24 and later; this is Node ${version}. See https://nodejs.org`,
  );
}

/**
 * @param needs returns the stamp to keep once the step is done, or null when nothing is to be done
 * @param run may return another stamp to keep
 */
function step(stamps, name, needs, run, log, title) {
  const stamp = needs(stamps[name]);
  if (stamp === null) return;
  const startedMs = performance.now();
  log(`${title} …`);
  const outcome = run(log);
  log(`${title}: done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  // Taken before the step: a file that changed meanwhile makes it run again.
  stamps[name] = outcome ?? stamp;
  writeFileSync(stampFile, JSON.stringify(stamps));
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}

/**
 * npm leaves a list of what it installed in node_modules; it is compared with package-lock.json entry by entry, which
 * sees an update by `git pull` whatever the files' dates say. Entries for other platforms are never installed.
 */
function needsInstall() {
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const listFile = join(root, "node_modules/.package-lock.json");
  if (!existsSync(listFile)) return "absent";
  const installed = JSON.parse(readFileSync(listFile, "utf8")).packages;
  const current = Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes("node_modules/")) return true;
    const found = installed[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
  return current ? null : "outdated";
}

function install() {
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  // NODE_ENV=production would leave out the compiler that the build needs.
  const flags = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  run(program, [...first, "ci", ...flags], {
    // Prisma's install scripts, where npm runs them, would download the native engine.
    PRISMA_SCHEMA_ENGINE_BINARY: join(root, "prisma/schema-engine.mjs"),
    PRISMA_SKIP_POSTINSTALL_GENERATE: "1",
  });
}

/** `npm ci` compiles too; this step is for sources that have changed since, and for a compiler that came later. */
function needsNative(stamp) {
  const state = addonState(nativeFolder, process.env.PATH ?? "");
  if (stamp === state) return null;
  return stamp === undefined && addonIsNewest(nativeFolder) ? null : state;
}

/** The lab works without the addon, on the reference engine: install.mjs leaves the reason for `npm run doctor`. */
function compileNative(log) {
  // Should the compilation fail, an addon of older sources must not pass for one of these.
  rmSync(addonOf(nativeFolder), { force: true });
  run(process.execPath, [join(nativeFolder, "install.mjs")]);
  if (!existsSync(addonOf(nativeFolder))) {
    log("the native engine could not be compiled; `npm run doctor` says why");
  }
  return addonState(nativeFolder, process.env.PATH ?? "");
}

function needsGenerate(stamp) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(root, "prisma/schema.prisma")));
  hash.update(readFileSync(join(root, "node_modules/prisma/package.json")));
  const wanted = hash.digest("hex");
  const client = join(root, "packages/storage/src/generated/prisma/client.ts");
  return stamp === wanted && existsSync(client) ? null : wanted;
}

function generate() {
  run(process.execPath, [join(root, "node_modules/prisma/build/index.js"), "generate"], {
    CHECKPOINT_DISABLE: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
  });
}

/** Names, sizes and dates of all sources; tsc itself takes a second to find out that it has nothing to do. */
function needsBuild(stamp) {
  const hash = createHash("sha256");
  const projects = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")).references;
  hash.update(readFileSync(join(root, "tsconfig.base.json")));
  hash.update(readFileSync(join(root, "node_modules/typescript/package.json")));
  for (const { path } of projects) hashSources(join(root, path), hash);
  const built = projects.every(({ path }) => existsSync(join(root, path, "dist/.tsbuildinfo")));
  const wanted = hash.digest("hex");
  return stamp === wanted && built ? null : wanted;
}

function hashSources(folder, hash) {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "dist" && entry.name !== "node_modules") hashSources(path, hash);
    } else if (/\.ts$|^(package|tsconfig)\.json$/.test(entry.name)) {
      const { size, mtimeMs } = statSync(path);
      hash.update(`${relative(root, path)}\0${size}\0${mtimeMs}\n`);
    }
  }
}

function build() {
  run(join(root, "node_modules/.bin/tsc"), ["-b"]);
}

/** Runs a program and shows what it wrote only if it fails. */
function run(program, words, environment = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, words, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    env: { ...process.env, ...environment },
  });
  if (status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}`.trim();
  const end = error?.message ?? (signal === null ? `status ${status}` : `signal ${signal}`);
  throw new PreparationError(`${output}\n\`${program} ${words.join(" ")}\` failed: ${end}`.trim());
}

/** Two preparations at once would each delete what the other writes, so the second waits for the first. */
async function takeLock(log) {
  for (let announced = false; ; announced = true) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = readHolder();
    // An empty file is about to be filled by the process that has just made it.
    if (holder !== null && !isAlive(holder)) {
      rmSync(lockFile, { force: true });
      continue;
    }
    if (!announced) log(`waiting for another preparation (process ${holder ?? "unknown"}) …`);
    await sleep(200);
  }
}

function readHolder() {
  try {
    return Number(readFileSync(lockFile, "utf8")) || null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** prepare, for a script: a failure is printed and ends the process with status 1. */
export async function prepareOrExit(log) {
  try {
    await prepare(log);
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await prepareOrExit();
