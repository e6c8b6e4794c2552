import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Whether a process with this id runs. A zombie, which only waits for its parent to collect it, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !/^State:\s+Z/m.test(readProcFile(pid, "status"));
}

/** The command line of a process with blanks between its words; empty where the system has no /proc or nothing runs. */
export function commandLine(pid: number): string {
  return readProcFile(pid, "cmdline").replaceAll("\0", " ").trim();
}

/** True once the process is gone, false when it still runs after `timeoutMs`. */
export async function waitForExit(pid: number, timeoutMs: number): Promise<boolean> {
  return waitUntil(async () => !isAlive(pid), timeoutMs);
}

/** Asks every 20 ms until `condition` holds; false when it does not within `timeoutMs`. */
export async function waitUntil(
  condition: () => Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) return false;
    await sleep(20);
  }
  return true;
}

/** Sends the signals in turn, each with its own patience, until the process is gone. */
export async function endProcess(
  pid: number,
  steps: readonly (readonly [signal: NodeJS.Signals, patienceMs: number])[],
): Promise<void> {
  for (const [signal, patienceMs] of steps) {
    if (!isAlive(pid)) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
      throw error;
    }
    if (await waitForExit(pid, patienceMs)) return;
  }
  throw new Error(`process ${pid} does not end, not even on ${steps.at(-1)?.[0] ?? "no signal"}`);
}

function readProcFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
