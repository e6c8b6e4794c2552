/**
 * The process's WebGPU instance and adapter, and the only module that owns them. Dawn is freed with the object that
 * `create()` returns, under the feet of its devices (SIGSEGV): the object stays here for the life of the process.
 */
import { EngineError } from "@pclab/core";
import { gpuOfAdapter, listNvidiaGpus } from "./nvidia.js";
import { findVulkan, vulkanProblem } from "./vulkan.js";

/** A GPU, as it is told to people and to other programs. */
export interface GpuDescription {
  /** What its driver calls it. */
  name: string;
  driver: string;
  /** A driver that computes on the CPU. */
  isSoftware: boolean;
  /** Null where nothing tells them: WebGPU itself does not. */
  memoryBytes: number | null;
  index: number | null;
}

export interface FoundAdapter extends GpuDescription {
  adapter: GPUAdapter;
  /** `<vendor>-<architecture>-<driver>`: equal names give equal bytes. */
  idPart: string;
}

export interface ProbeOptions {
  /** A driver that computes on the CPU: for tests, since the native engine is many times as fast there. */
  allowSoftware: boolean;
}

type Found = { found: FoundAdapter } | { problem: string };

/** Held, and never let go. */
let instance: GPU | null = null;
let probed: { allowSoftware: boolean; result: Found } | null = null;
let probing: Promise<void> = Promise.resolve();

/**
 * Looks for an adapter, once a process; to be awaited before an engine is started, as finding one takes a while. Rejects
 * for programmer errors alone: what is missing is told by `requireAdapter`.
 */
export const probeWebgpu = ({ allowSoftware }: ProbeOptions): Promise<void> => {
  probing = probing.then(async () => {
    if (probed?.allowSoftware === allowSoftware) return;
    probed = { allowSoftware, result: await probe(allowSoftware) };
  });
  return probing;
};

/** @throws EngineError engine_unsupported, with the reason and what to install */
export const requireAdapter = (): FoundAdapter => {
  if (probed === null) {
    throw new EngineError("engine_unsupported", "webgpu was not looked for in this process");
  }
  if ("found" in probed.result) return probed.result.found;
  throw new EngineError("engine_unsupported", probed.result.problem);
};

/** An adapter serves one device: the next device needs an adapter of its own. */
export const renewAdapter = async (): Promise<FoundAdapter> => {
  if (probed === null) return requireAdapter();
  probed = { ...probed, result: await probe(probed.allowSoftware) };
  return requireAdapter();
};

/** The adapter that engines start on; null where there is none. */
export const describeGpu = (): GpuDescription | null => {
  if (probed === null || "problem" in probed.result) return null;
  const { name, driver, isSoftware, memoryBytes, index } = probed.result.found;
  return { name, driver, isSoftware, memoryBytes, index };
};

const probe = async (allowSoftware: boolean): Promise<Found> => {
  if (process.platform === "linux") {
    // The environment that the Vulkan loader itself will read.
    const problem = vulkanProblem(findVulkan(process.env));
    if (problem !== null) return { problem: `webgpu finds no GPU: ${problem}` };
  }
  try {
    instance ??= await createInstance();
  } catch (error) {
    return { problem: `webgpu does not load: ${messageOf(error)}; it needs glibc 2.34 or newer` };
  }
  const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) {
    return {
      problem: `webgpu finds no GPU: no driver answers; look at what \`vulkaninfo --summary\` says`,
    };
  }
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = device || description || vendor;
  if (isFallbackAdapter && !allowSoftware) {
    return {
      problem: `webgpu has no GPU: its only adapter, ${name}, computes on the CPU, where the native engine is faster; install the GPU's Vulkan driver (PCLAB_WEBGPU_SOFTWARE=1 allows it, for tests)`,
    };
  }
  const gpu = gpuOfAdapter(isFallbackAdapter ? [] : await listNvidiaGpus(), name);
  return {
    found: {
      adapter,
      idPart: [vendor, architecture, description].map(slug).filter(Boolean).join("-"),
      name,
      driver: description,
      isSoftware: isFallbackAdapter,
      memoryBytes: gpu?.memoryBytes ?? null,
      index: gpu?.index ?? null,
    },
  };
};

const createInstance = async (): Promise<GPU> => {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  return create([]);
};

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "-")
    .replaceAll(/^-|-$/g, "");
