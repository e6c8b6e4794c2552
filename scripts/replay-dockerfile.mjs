/**
 * Replays infra/Dockerfile without a container engine: what is committed is unpacked into an empty folder, each stage's
 * own COPY, RUN, ENV and WORKDIR run in a folder that stands for the image, and the final command of each target has to
 * answer the target's own HEALTHCHECK, which fails before and after, and to end with status 0 on SIGTERM; in a worker's
 * image the native engine has to start. Needs the build of scripts/ for a PostgreSQL to run against.
 *
 *   node scripts/replay-dockerfile.mjs [target ...]        (default: api worker)
 *
 * What it cannot show: the base image's Node (this machine's is used) and apt-get steps, which are only simulated; nor
 * worker-gpu-tfjs, which copies from another image and downloads TensorFlow.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { migrate } from "@pclab/storage";
import { findFreePort } from "./dist/local/freePort.js";
import { startPostgres } from "./dist/local/postgres.js";
import { parseCommand, parseDockerfile, parseFlags } from "./dockerfile.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const healthTimeoutMs = 60_000;
const log = (line) => process.stdout.write(`${line}\n`);

const targets = process.argv.length > 2 ? process.argv.slice(2) : ["api", "worker"];
const folder = mkdtempSync(join(tmpdir(), "pclab-replay-"));
chmodSync(folder, 0o755);
const images = new Map();
try {
  const context = join(folder, "context");
  mkdirSync(context);
  execute("sh", ["-c", `git archive HEAD | tar -x -C '${context}'`], { cwd: root });
  const stages = parseDockerfile(readFileSync(join(context, "infra/Dockerfile"), "utf8"));
  for (const target of targets) await answer(target, await buildStage(target, stages, context));
  log(`replayed: ${targets.join(", ")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The stage's image: its folder, environment, working directory and commands; its base is built first. */
async function buildStage(name, stages, context) {
  if (images.has(name)) return images.get(name);
  const stage = stages.find((candidate) => candidate.name === name);
  if (stage === undefined) throw new Error(`infra/Dockerfile has no stage '${name}'`);
  const isNamed = stages.some((candidate) => candidate.name === stage.base);
  const image = isNamed
    ? derivedImage(name, await buildStage(stage.base, stages, context))
    : newImage(name);
  for (const { keyword, value } of stage.steps) {
    log(`${name}: ${keyword} ${value}`);
    await apply(image, keyword, value, { stages, context });
  }
  images.set(name, image);
  return image;
}

function newImage(name) {
  const rootFolder = join(folder, `image-${name}`);
  mkdirSync(rootFolder);
  return { root: rootFolder, workdir: rootFolder, env: {}, user: "root", cmd: null, health: null };
}

/** A copy, as what a stage adds is not to be seen in its base, nor in another stage on the same base. */
function derivedImage(name, base) {
  const rootFolder = join(folder, `image-${name}`);
  execute("cp", ["-a", base.root, rootFolder]);
  const workdir = join(rootFolder, relative(base.root, base.workdir));
  return { ...base, root: rootFolder, workdir, env: { ...base.env } };
}

async function apply(image, keyword, value, { stages, context }) {
  switch (keyword) {
    case "WORKDIR":
      image.workdir = join(image.root, value);
      mkdirSync(image.workdir, { recursive: true });
      break;
    case "ENV":
      Object.assign(image.env, parseAssignments(value, image.env));
      break;
    case "ARG":
      image.env[value.split("=")[0]] ??= value.split("=")[1] ?? "";
      break;
    case "COPY":
      await copy(image, value, { stages, context });
      break;
    case "RUN":
      if (value.startsWith("apt-get ")) simulateApt(value);
      else execute("sh", ["-c", value], { cwd: image.workdir, env: environmentOf(image) });
      break;
    case "USER":
      image.user = value;
      break;
    case "CMD":
      image.cmd = parseCommand(value);
      break;
    case "HEALTHCHECK":
      image.health = parseCommand(value.slice(value.indexOf("CMD ") + 4));
      break;
    case "EXPOSE":
      image.exposesPort = true;
      break;
    default:
      throw new Error(`the replay does not know ${keyword}: teach it`);
  }
}

/** `A=1 B=$C`: values without blanks, which is all that infra/Dockerfile has. */
function parseAssignments(value, env) {
  return Object.fromEntries(
    value.split(/\s+/).map((pair) => {
      const place = pair.indexOf("=");
      const setting = pair.slice(place + 1).replace(/\$(\w+)/g, (_, name) => env[name] ?? "");
      return [pair.slice(0, place), setting];
    }),
  );
}

async function copy(image, value, { stages, context }) {
  const { flags, words } = parseFlags(value);
  const from =
    flags.from === undefined ? context : (await buildStage(flags.from, stages, context)).root;
  const target = words.pop();
  for (const source of words) {
    const path = join(from, source);
    const intoFolder = target.endsWith("/") || words.length > 1 || target === ".";
    const isFolder = statSync(path).isDirectory();
    // As Docker does it: a folder's contents are copied, a file goes below a target that ends in a slash.
    const to = join(image.workdir, target, intoFolder && !isFolder ? basename(source) : "");
    cpSync(path, to, { recursive: true, verbatimSymlinks: true });
  }
}

function simulateApt(value) {
  const packages = /apt-get install ([^&]*)/
    .exec(value)?.[1]
    .split(/\s+/)
    .filter((word) => !/^(-|$)/.test(word));
  const { status, error } = spawnSync("apt-cache", ["show", ...packages], { stdio: "ignore" });
  if (error === undefined && status !== 0)
    throw new Error(`apt does not know one of ${packages.join(", ")}`);
}

/** The image's environment on this machine: only PATH and what reaches the package registry come from outside. */
function environmentOf(image) {
  const outside = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|TMPDIR|https?_proxy|no_proxy|npm_config_(registry|cache|userconfig)|NODE_EXTRA_CA_CERTS|SSL_CERT_.*)$/i.test(
      name,
    ),
  );
  return { ...Object.fromEntries(outside), ...image.env };
}

/** Starts the target's command as an unprivileged user against a database of its own and waits for its health check. */
async function answer(target, image) {
  if (image.cmd === null || image.health === null)
    throw new Error(`${target} lacks CMD or HEALTHCHECK`);
  if (image.user === "root") throw new Error(`${target} runs as root: it lacks a USER`);
  const home = join(folder, `home-${target}`);
  const postgres = await startPostgres({ home, durable: false });
  let child;
  try {
    // The API's own command migrates; a worker finds the tables made.
    if (target !== "api") await migrate(postgres.url);
    const port = await findFreePort("127.0.0.1", 0);
    const env = {
      ...environmentOf(image),
      DATABASE_URL: postgres.url,
      PCLAB_PORT: String(port),
      PCLAB_HOST: "127.0.0.1",
      PCLAB_HOME: join(folder, "nowhere"),
    };
    const identity = process.getuid() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const options = { cwd: image.workdir, env, ...identity };
    mustBeUnhealthy(target, image, options, "before its start");
    child = spawn(image.cmd[0], image.cmd.slice(1), {
      ...options,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes) => (output += bytes));
    await healthy(target, image, child, options, () => output);
    if (target !== "api") mustStartNativeEngine(options);
    if (target !== "api") mustLoadWebgpu(options);
    if (image.exposesPort) {
      for (const path of ["/healthz", "/readyz"])
        await mustAnswer(`http://127.0.0.1:${port}${path}`);
    }
    await ended(target, child, () => output);
    mustBeUnhealthy(target, image, options, "after its end");
  } finally {
    child?.kill("SIGKILL");
    await postgres.stop();
  }
}

async function healthy(target, image, child, options, output) {
  const startedMs = performance.now();
  while (performance.now() - startedMs < healthTimeoutMs) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (passesHealthCheck(image, options)) {
      log(`${target}: healthy after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
      return;
    }
    await sleep(500);
  }
  throw new Error(`${target} is not healthy. Its output:\n${output().slice(-4_000)}`);
}

function passesHealthCheck(image, options) {
  const [program, ...words] = image.health;
  return spawnSync(program, words, { ...options, stdio: "ignore" }).status === 0;
}

/** A health check that passes without the service says nothing. */
function mustBeUnhealthy(target, image, options, when) {
  if (passesHealthCheck(image, options)) {
    throw new Error(`${target}: the health check passes ${when}`);
  }
}

/** An addon that was built, and copied, may still lack what it loads. */
function mustStartNativeEngine(options) {
  const script =
    'import { nativeEngineProblem } from "@pclab/engine-native"; process.stdout.write(nativeEngineProblem() ?? "");';
  const words = ["--input-type=module", "--eval", script];
  const { stdout, stderr, status } = spawnSync("node", words, { ...options, encoding: "utf8" });
  if (status !== 0 || stdout !== "") {
    throw new Error(`the native engine does not start in the image: ${stdout}${stderr}`);
  }
  log("the native engine starts");
}

/** Dawn may lack a library that the image does not have. It finds no GPU here; that it looks for one is what counts. */
function mustLoadWebgpu(options) {
  const script =
    'const { create } = await import("webgpu"); process.stdout.write(typeof create([]).requestAdapter);';
  const words = ["--input-type=module", "--eval", script];
  const { stdout, stderr, status } = spawnSync("node", words, { ...options, encoding: "utf8" });
  if (status !== 0 || stdout !== "function") {
    throw new Error(`webgpu does not load in the image: ${stdout}${stderr}`);
  }
  log("webgpu loads");
}

async function mustAnswer(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  log(`GET ${new URL(url).pathname}: ${answer.status}`);
}

/** SIGTERM, as `docker stop` sends it, has to end the process, and in order. */
async function ended(target, child, output) {
  child.kill("SIGTERM");
  const deadlineMs = performance.now() + 30_000;
  while (child.exitCode === null && child.signalCode === null) {
    if (performance.now() > deadlineMs) throw new Error("SIGTERM does not end it within 30 s");
    await sleep(50);
  }
  if (child.exitCode !== 0) {
    const how = child.signalCode ?? `status ${child.exitCode}`;
    throw new Error(
      `${target} ends with ${how} after SIGTERM. Its output:\n${output().slice(-4_000)}`,
    );
  }
  log(`${target}: ended in order on SIGTERM`);
}

function execute(program, words, options) {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    ...options,
  });
  if (status === 0) return;
  throw new Error(
    `\`${program} ${words.join(" ")}\` failed: ${error?.message ?? `${stdout}${stderr}`}`,
  );
}
