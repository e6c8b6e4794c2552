/**
 * Downloads that are not finished.
 *
 * `<file>.part` is where an interrupted download rests. Whoever goes on with it first renames it to a name of its own,
 * `<file>.<host>-<pid>-<random>.part`: a rename is atomic, so of two processes one gets it and the other starts from
 * nothing, and no two ever write to one file. A process that is killed leaves its own name behind; the next one takes
 * that over once it is sure that the owner is gone.
 */
import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAbsence } from "./datasetsFolder.js";

/** On another host, or in another container, an owner cannot be asked whether it lives; an hour without a byte answers. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

const host = hostname().replaceAll(/[^\w.]/g, "_");

/** Bytes in a file, 0 where there is none. */
export async function partBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsence(error)) return 0;
    throw error;
  }
}

/**
 * A path in `folder` that is the caller's alone, with whatever an earlier download of `file` left in it. End with
 * releasePart.
 */
export async function claimPart(folder: string, file: string): Promise<string> {
  const own = join(folder, `${file}.${host}-${process.pid}-${randomBytes(4).toString("hex")}.part`);
  const left = await abandonedParts(folder, file);
  let claimed = false;
  for (const path of left) {
    try {
      if (claimed) await rm(path, { force: true });
      else await rename(path, own);
      claimed = true;
    } catch (error) {
      // Another process was faster.
      if (!isAbsence(error)) throw error;
    }
  }
  return own;
}

/** Puts what there is of an unfinished download where the next one looks for it. */
export async function releasePart(own: string, folder: string, file: string): Promise<void> {
  if ((await partBytes(own)) === 0) {
    await rm(own, { force: true });
    return;
  }
  await rename(own, join(folder, `${file}.part`));
}

/** Paths that nobody writes to, the largest first. */
async function abandonedParts(folder: string, file: string): Promise<string[]> {
  const found: { path: string; bytes: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${file}.`) || !name.endsWith(".part")) continue;
    const path = join(folder, name);
    const owner = /^\.(.+)-(\d+)-[0-9a-f]{8}\.part$/.exec(name.slice(file.length));
    try {
      const { size, mtimeMs } = await stat(path);
      const idleMs = Date.now() - mtimeMs;
      if (
        owner === null ||
        idleMs > ABANDONED_AFTER_MS ||
        (owner[1] === host && !processLives(Number(owner[2])))
      ) {
        found.push({ path, bytes: size });
      }
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }
  return found.sort((a, b) => b.bytes - a.bytes).map(({ path }) => path);
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
