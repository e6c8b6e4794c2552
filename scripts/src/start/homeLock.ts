/**
 * One launcher a home: `<home>/launcher.json` says which. The file names the launcher's process and those it started,
 * so that the one that follows a killed launcher can end what that left running.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, endProcess, isAlive } from "../local/processes.js";

export interface LockRecord {
  pid: number;
  /** Of the launcher, to tell it from another program that got its number. */
  command: string;
  /** Null until the lab is ready. */
  url: string | null;
  /** The API's and the worker's processes. */
  children: { pid: number; command: string }[];
}

export interface HomeLock {
  /** Keeps the file in step with what runs. */
  update(change: Partial<Pick<LockRecord, "url" | "children">>): void;
  release(): void;
}

/** What holds the home, when something does. */
export type LockResult = { lock: HomeLock } | { heldBy: LockRecord };

export async function lockHome(home: string): Promise<LockResult> {
  const file = join(home, "launcher.json");
  let record: LockRecord = {
    pid: process.pid,
    command: commandLine(process.pid),
    url: null,
    children: [],
  };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(record), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const other = readRecord(file);
    if (other !== null && isStillThat(other)) return { heldBy: other };
    for (const child of other?.children ?? []) {
      // They were told to drain by nobody; their runs resume from the last checkpoint.
      if (isStillThat(child)) {
        await endProcess(child.pid, [
          ["SIGTERM", 10_000],
          ["SIGKILL", 5_000],
        ]);
      }
    }
    rmSync(file, { force: true });
  }
  return {
    lock: {
      update: (change) => {
        record = { ...record, ...change };
        // A rename, so that nobody reads half of it.
        writeFileSync(`${file}.new`, JSON.stringify(record));
        renameSync(`${file}.new`, file);
      },
      release: () => rmSync(file, { force: true }),
    },
  };
}

/** Whether the process still runs, and is not another one that got the number since. */
function isStillThat({ pid, command }: { pid: number; command: string }): boolean {
  return isAlive(pid) && commandLine(pid) === command;
}

/** Null for a file that is gone again, or that a killed launcher left half written. */
function readRecord(file: string): LockRecord | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as LockRecord;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT")
      return null;
    throw error;
  }
}
