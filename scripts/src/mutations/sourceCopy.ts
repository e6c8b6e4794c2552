/** A copy of the working tree to break: its own sources, this one's installed packages. */
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Fault, applyFault } from "./fault.js";

/** Built or local: nothing that a test reads through the sources. */
const LEFT_OUT = new Set(["node_modules", "dist", ".git", ".pclab", "coverage"]);
const WORKSPACE_SCOPE = "@pclab";

export class SourceCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async of(root: string): Promise<SourceCopy> {
    // Resolved, since vitest compares real paths and a temporary folder may be a link.
    const folder = await realpath(await mkdtemp(join(tmpdir(), "pclab-mutations-")));
    await cp(root, folder, {
      recursive: true,
      filter: (source) => !LEFT_OUT.has(basename(source)),
    });
    await linkPackages(join(root, "node_modules"), join(folder, "node_modules"));
    return new SourceCopy(folder);
  }

  /** Applies the fault, awaits `use`, and puts the source back. */
  async withFault<T>(fault: Fault, use: () => Promise<T>): Promise<T> {
    const path = join(this.folder, fault.file);
    const source = await readFile(path, "utf8");
    await writeFile(path, applyFault(source, fault));
    try {
      return await use();
    } finally {
      await writeFile(path, source);
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

/** Links every package, but this repository's own ones to their copies: their links are relative, and kept so. */
const linkPackages = async (from: string, to: string): Promise<void> => {
  await mkdir(join(to, WORKSPACE_SCOPE), { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== WORKSPACE_SCOPE) await symlink(join(from, name), join(to, name));
  }
  const scope = join(from, WORKSPACE_SCOPE);
  for (const name of await readdir(scope)) {
    await symlink(await readlink(join(scope, name)), join(to, WORKSPACE_SCOPE, name));
  }
};
