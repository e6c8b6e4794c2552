/** Signs that a child died of want of memory: V8's last words, or the kernel's count of processes it killed for it. */
import { readFile } from "node:fs/promises";

/** Where Linux counts: this container's group first, then the machine. Elsewhere neither file exists. */
const COUNTERS = ["/sys/fs/cgroup/memory.events", "/proc/vmstat"];

/** Processes that the kernel has killed for memory so far; null where it does not say. */
export const countMemoryKills = async (): Promise<number | null> => {
  for (const path of COUNTERS) {
    const text = await readFile(path, "utf8").catch(() => "");
    const count = /^oom_kill (\d+)$/m.exec(text)?.[1];
    if (count !== undefined) return Number(count);
  }
  return null;
};

const HEAP_EXHAUSTED = /heap out of memory|Allocation failed/;

export interface Death {
  signal: NodeJS.Signals | null;
  /** The end of what the process wrote to its error stream. */
  lastWords: string;
  memoryKillsBefore: number | null;
  memoryKillsAfter: number | null;
}

export const diedOfMemory = ({
  signal,
  lastWords,
  memoryKillsBefore,
  memoryKillsAfter,
}: Death): boolean => {
  if (HEAP_EXHAUSTED.test(lastWords)) return true;
  if (signal !== "SIGKILL" || memoryKillsBefore === null || memoryKillsAfter === null) return false;
  return memoryKillsAfter > memoryKillsBefore;
};
