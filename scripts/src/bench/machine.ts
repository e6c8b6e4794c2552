/** Where and of what a result was measured. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { type InstructionSet, nativeInstructionSets } from "@pclab/engine-native";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  /** That the native engine has a build for; empty where it cannot start. */
  instructionSets: InstructionSet[];
  node: string;
  platform: string;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  instructionSets: nativeInstructionSets(),
  node: process.versions.node,
  platform: `${process.platform}-${process.arch}`,
});

/** The commit of the sources, with + where they have changed since; null outside a git checkout. */
export const gitCommit = (root: string): string | null => {
  const git = (...args: string[]): string | null => {
    const { status, stdout } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8" });
    return status === 0 ? stdout.trim() : null;
  };
  const commit = git("rev-parse", "HEAD");
  if (commit === null) return null;
  return git("status", "--porcelain") === "" ? commit : `${commit}+`;
};
