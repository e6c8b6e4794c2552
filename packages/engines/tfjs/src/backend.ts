/**
 * The two backends that the tensor API runs on here. tfjs has one for the whole process, in which all engines share it.
 *
 * `tensorflow` is libtensorflow, by one of two packages that are nobody's dependency: their installation downloads
 * it, so that a lab without them installs, builds and tests all the same. `cpu` is plain JavaScript.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EngineError } from "@pclab/core";

export const TFJS_BACKENDS = ["tensorflow", "cpu"] as const;
export type TfjsBackend = (typeof TFJS_BACKENDS)[number];

/** The better one first. */
const PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

export const INSTALLATION =
  "`npm install --no-save @tensorflow/tfjs-node-gpu@4.22.0` (an NVIDIA GPU, CUDA 11.2, cuDNN 8.1) or " +
  "`npm install --no-save @tensorflow/tfjs-node@4.22.0` (processor alone); their install scripts download libtensorflow";

export type Found = { packageName: string } | { problem: string };

const ownRequire = createRequire(import.meta.url);

/**
 * Which package would be loaded, or why none can. A look at files: to load one takes a second and a part of the GPU, which
 * only the process that trains should have.
 */
export const findTensorFlow = (require: NodeJS.Require = ownRequire): Found => {
  const problems: string[] = [];
  for (const packageName of PACKAGES) {
    const folder = folderOf(packageName, require);
    if (folder === null) continue;
    const problem = problemOf(folder, require);
    if (problem === null) return { packageName };
    problems.push(`${packageName} is installed, but ${problem}`);
  }
  return {
    problem:
      problems.length > 0
        ? `${problems.join("; ")}; install it anew: ${INSTALLATION}`
        : `no TensorFlow is installed; install it with ${INSTALLATION}`,
  };
};

const folderOf = (packageName: string, require: NodeJS.Require): string | null => {
  const folders = require.resolve.paths(packageName) ?? [];
  return (
    folders
      .map((folder) => join(folder, packageName))
      .find((folder) => existsSync(join(folder, "package.json"))) ?? null
  );
};

/** An installation without its install script leaves a package without TensorFlow. */
const problemOf = (folder: string, require: NodeJS.Require): string | null => {
  const { binary } = require(join(folder, "package.json")) as {
    binary?: { napi_versions?: number[] };
  };
  const bindings = (binary?.napi_versions ?? []).map((version) =>
    join(folder, "lib", `napi-v${version}`, "tfjs_binding.node"),
  );
  return bindings.some((file) => existsSync(file))
    ? null
    : "its install script has not run: there is no lib/napi-v*/tfjs_binding.node";
};

let started: TfjsBackend | null = null;

/**
 * Loads the backend and makes it the process's.
 *
 * @throws EngineError engine_unsupported when it does not load, or the process has the other one
 */
export const startBackend = async (
  backend: TfjsBackend,
  require: NodeJS.Require = ownRequire,
): Promise<void> => {
  if (started === backend) return;
  if (started !== null) {
    throw unsupported(
      `this process computes with tfjs/${started} already; a process has one backend`,
    );
  }
  const tf = await import("@tensorflow/tfjs-core");
  // Without the checks and the advertisement of tfjs-node that its development mode prints.
  tf.enableProdMode();
  if (backend === "cpu") await import("@tensorflow/tfjs-backend-cpu");
  else loadTensorFlow(require);
  if (!(await tf.setBackend(backend))) throw unsupported(`the backend ${backend} does not start`);
  await tf.ready();
  started = backend;
};

const loadTensorFlow = (require: NodeJS.Require): void => {
  const found = findTensorFlow(require);
  if ("problem" in found) throw unsupported(found.problem);
  restoreUtilities();
  try {
    require(found.packageName);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw unsupported(`${found.packageName} does not load: ${detail}`);
  }
};

/**
 * tfjs-node 4.22 calls util.isNullOrUndefined and util.isArray for every tensor; Node 23 and later are without them
 * (tensorflow/tfjs issue 8425), and no release of tfjs-node has followed.
 */
const restoreUtilities = (): void => {
  const util = ownRequire("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] ??= Array.isArray;
};

const unsupported = (reason: string): EngineError => new EngineError("engine_unsupported", reason);
