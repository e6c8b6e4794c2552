/** What is found out of a machine before anything is computed on it. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createProblem } from "@pclab/core/conformance";
import { maximumReplicas } from "../capacity.js";
import { gpuOfAdapter, parseNvidiaGpus } from "./nvidia.js";
import { findVulkan, vulkanProblem } from "./vulkan.js";

const folder = mkdtempSync(join(tmpdir(), "pclab-vulkan-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a driver is found by its manifest, where Vulkan's variables or the folders say", () => {
  const manifests = join(folder, "vulkan", "icd.d");
  mkdirSync(manifests, { recursive: true });
  const file = join(manifests, "gpu_icd.json");
  writeFileSync(file, "{}");
  expect(findVulkan({ XDG_DATA_DIRS: folder }).drivers).toContain(file);
  expect(findVulkan({ VK_ICD_FILENAMES: file }).drivers).toEqual([file]);
  expect(findVulkan({ VK_DRIVER_FILES: file, VK_ICD_FILENAMES: "/x" }).drivers).toEqual([file]);
  expect(findVulkan({ VK_ICD_FILENAMES: join(folder, "none.json") }).drivers).toEqual([]);
});

test("the loader is found on LD_LIBRARY_PATH too", () => {
  const file = join(folder, "libvulkan.so.1");
  writeFileSync(file, "");
  expect(findVulkan({ LD_LIBRARY_PATH: folder }).loader).toBe(file);
});

test("what is missing is told with what to install", () => {
  expect(vulkanProblem({ loader: null, drivers: ["x"] })).toMatch(/apt-get install libvulkan1/);
  expect(vulkanProblem({ loader: "x", drivers: [] })).toMatch(/NVIDIA_DRIVER_CAPABILITIES/);
  expect(vulkanProblem({ loader: "x", drivers: ["x"] })).toBeNull();
});

test("NVIDIA's tool is read line by line, and a line that makes no sense is left out", () => {
  const gpus = parseNvidiaGpus("0, NVIDIA H200, 143771\n1, NVIDIA L4, [N/A]\nno devices\n");
  expect(gpus).toEqual([{ index: 0, name: "NVIDIA H200", memoryBytes: 143_771 * 2 ** 20 }]);
});

test("an adapter is the GPU of its name, and of two alike it may be either", () => {
  const [first, second, other] = [
    { index: 0, name: "NVIDIA L4", memoryBytes: 1 },
    { index: 1, name: "NVIDIA L4", memoryBytes: 1 },
    { index: 2, name: "NVIDIA H200", memoryBytes: 2 },
  ] as const;
  expect(gpuOfAdapter([first, second, other], "NVIDIA H200")).toBe(other);
  expect(gpuOfAdapter([first, second, other], "NVIDIA L4")).toBeNull();
  expect(gpuOfAdapter([other], "another name")).toBe(other);
  expect(gpuOfAdapter([], "NVIDIA L4")).toBeNull();
});

test("replicas are bounded by the largest binding, by the memory and by the work of a dispatch", () => {
  const { shape } = createProblem({ sizes: [784, 256, 256, 10], samples: 1 });
  const roomy = { maxBindingBytes: 2 ** 32, memoryBytes: 2 ** 37 };
  const most = maximumReplicas(roomy, shape, 64);
  expect(most).toBeGreaterThan(32);
  const bound = maximumReplicas({ ...roomy, maxBindingBytes: 2 ** 24 }, shape, 64);
  // Adam's moments are the largest: two numbers a parameter.
  const parameters = 784 * 256 + 256 * 256 + 256 * 10 + 522;
  expect(bound).toBe(Math.floor(2 ** 24 / (8 * parameters)));
  const small = maximumReplicas({ ...roomy, memoryBytes: 2 ** 27 }, shape, 64);
  expect(small).toBeGreaterThan(0);
  expect(small).toBeLessThan(most);
  expect(maximumReplicas({ ...roomy, memoryBytes: 2 ** 20 }, shape, 64)).toBe(0);
});
