/**
 * How TensorFlow is found and loaded. Its packages cannot be installed everywhere, so that a package of their name and
 * files stands in: it registers the plain JavaScript kernels as those of the backend `tensorflow`.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EngineError } from "@pclab/core";
import { getBackend, memory } from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findTensorFlow, startBackend } from "./backend.js";
import { BATCH_SIZE, examplesOf, initialStateOf, optionsOf, settingsOf } from "./smallNetwork.js";
import { TfjsEngine } from "./tfjsEngine.js";

const require = createRequire(import.meta.url);
const core = JSON.stringify(require.resolve("@tensorflow/tfjs-core"));
const cpu = JSON.stringify(require.resolve("@tensorflow/tfjs-backend-cpu"));

const STAND_IN = `
  const util = require("util");
  globalThis.standInSaw = [typeof util.isNullOrUndefined, typeof util.isArray];
  const tf = require(${core});
  const { MathBackendCPU } = require(${cpu});
  tf.registerBackend("tensorflow", () => new MathBackendCPU(), 3);
  tf.copyRegisteredKernels("cpu", "tensorflow");
`;

let folder: string;
/** As a module in the folder would see its packages. */
let requireThere: NodeJS.Require;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-tfjs-"));
  requireThere = createRequire(join(folder, "index.js"));
});
afterEach(() => rm(folder, { recursive: true }));

const install = async (name: string, { main = STAND_IN, withBinding = true } = {}) => {
  const home = join(folder, "node_modules", name);
  const binding = join(home, "lib/napi-v8/tfjs_binding.node");
  await mkdir(dirname(binding), { recursive: true });
  const manifest = { name, main: "index.js", binary: { napi_versions: [7, 8] } };
  await writeFile(join(home, "package.json"), JSON.stringify(manifest));
  await writeFile(join(home, "index.js"), main);
  if (withBinding) await writeFile(binding, "");
};

describe("TensorFlow", () => {
  test("that is nowhere is told, with the command that installs it and what it needs", () => {
    const found = findTensorFlow(requireThere);
    expect(found).toEqual({ problem: expect.stringContaining("no TensorFlow is installed") });
    const { problem } = found as { problem: string };
    expect(problem).toContain("npm install --no-save @tensorflow/tfjs-node-gpu@4.22.0");
    expect(problem).toMatch(/CUDA 11\.2, cuDNN 8\.1.*download libtensorflow/);
  });

  test("is the package for the GPU where both are installed", async () => {
    await install("@tensorflow/tfjs-node");
    expect(findTensorFlow(requireThere)).toEqual({ packageName: "@tensorflow/tfjs-node" });
    await install("@tensorflow/tfjs-node-gpu");
    expect(findTensorFlow(requireThere)).toEqual({ packageName: "@tensorflow/tfjs-node-gpu" });
  });

  test("whose install script has not run is passed over, and told where it is the only one", async () => {
    await install("@tensorflow/tfjs-node-gpu", { withBinding: false });
    expect(findTensorFlow(requireThere)).toEqual({
      problem: expect.stringMatching(
        /tfjs-node-gpu is installed, but its install script has not run.*npm install/,
      ),
    });
    await install("@tensorflow/tfjs-node");
    expect(findTensorFlow(requireThere)).toEqual({ packageName: "@tensorflow/tfjs-node" });
  });

  test("that does not load is an engine that cannot start, with the loader's words", async () => {
    await install("@tensorflow/tfjs-node", { main: 'throw new Error("libcudart.so.11.0");' });
    const refusal = startBackend("tensorflow", requireThere);
    await expect(refusal).rejects.toThrow(EngineError);
    await expect(refusal).rejects.toThrow("@tensorflow/tfjs-node does not load: libcudart.so.11.0");
  });

  test("that loads trains, with what it misses of Node restored", async () => {
    // As on Node 23 and later.
    Reflect.deleteProperty(require("node:util") as object, "isNullOrUndefined");
    await install("@tensorflow/tfjs-node");
    await startBackend("tensorflow", requireThere);
    expect(getBackend()).toBe("tensorflow");
    expect(Reflect.get(globalThis, "standInSaw")).toEqual(["function", "function"]);
    const { isNullOrUndefined } = require("node:util") as {
      isNullOrUndefined: (value: unknown) => boolean;
    };
    expect([null, undefined, 0, ""].map(isNullOrUndefined)).toEqual([true, true, false, false]);

    const before = memory().numTensors;
    const engine = new TfjsEngine("tfjs/tensorflow", optionsOf(settingsOf()));
    await engine.loadState(0, initialStateOf(settingsOf()));
    const minibatch = { examples: examplesOf(BATCH_SIZE), indices: Uint32Array.of(0, 1, 2) };
    const [report] = await engine.trainMinibatch([minibatch]);
    expect(report).toMatchObject({ weightUpdates: 2, divergence: null });
    await engine.dispose();
    expect(memory().numTensors).toBe(before);
    await expect(startBackend("cpu")).rejects.toThrow("tfjs/tensorflow already");
  });
});
