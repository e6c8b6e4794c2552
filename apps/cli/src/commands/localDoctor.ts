/** What `npm run doctor` finds of this machine, where the command line runs from a checkout. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repository } from "../config.js";
import type { World } from "../session.js";

export interface LocalReport {
  can_run: boolean;
  findings: { part: string; state: "fine" | "note" | "broken"; detail: string }[];
  engines: {
    name: string;
    available: boolean;
    id?: string;
    problem?: string;
    measurement?: { gflops: number; threads: number };
  }[];
}

const script = join(repository, "scripts/doctor.mjs");

export const hasLocalDoctor = (): boolean => existsSync(script);

/** @throws Error when it answers something else than its report */
export const runLocalDoctor = async ({ environment, cwd, signal }: World): Promise<LocalReport> => {
  const child = spawn(process.execPath, [script, "--json"], {
    cwd,
    env: environment,
    signal,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  const [answer] = await Promise.all([text(child.stdout), ended]);
  return JSON.parse(answer) as LocalReport;
};
