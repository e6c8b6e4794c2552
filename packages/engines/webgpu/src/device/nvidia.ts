/** What NVIDIA's own tool tells of a GPU, since WebGPU tells neither its memory nor its place. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface NvidiaGpu {
  index: number;
  name: string;
  memoryBytes: number;
}

const QUERY = ["--query-gpu=index,name,memory.total", "--format=csv,noheader,nounits"];
const TIMEOUT_MS = 10_000;

/** Empty where there is no such tool, or it does not answer. */
export const listNvidiaGpus = async (): Promise<NvidiaGpu[]> => {
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", QUERY, { timeout: TIMEOUT_MS });
    return parseNvidiaGpus(stdout);
  } catch {
    return [];
  }
};

/** Lines like `0, NVIDIA H200, 143771`, memory in MiB. */
export const parseNvidiaGpus = (text: string): NvidiaGpu[] =>
  text.split("\n").flatMap((line) => {
    const [index, name, memory] = line.split(",").map((part) => part.trim());
    if (!index || !name || !memory || !/^\d+$/.test(index) || !/^\d+$/.test(memory)) return [];
    return [{ index: Number(index), name, memoryBytes: Number(memory) * 2 ** 20 }];
  });

/** The GPU that an adapter of this name is; null where none or several could be meant. */
export const gpuOfAdapter = (gpus: readonly NvidiaGpu[], adapterName: string): NvidiaGpu | null => {
  const named = gpus.filter(({ name }) => adapterName.includes(name));
  const [only] = named.length > 0 ? named : gpus;
  return (named.length > 0 ? named : gpus).length === 1 ? (only ?? null) : null;
};
