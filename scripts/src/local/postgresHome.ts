import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { PostgresBinaries } from "./postgresBinaries.js";
import { canEnter, type UnprivilegedUser } from "./unprivileged.js";

/** Where data goes that PostgreSQL's user could not reach in the lab's home. */
const sharedFolder = "/var/lib/pclab";

/**
 * The folder for the data and the password: the lab's home, or, when root's PostgreSQL user may not enter that (a home
 * below /root, say), one in /var/lib/pclab named after it.
 */
export function choosePostgresFolder(
  home: string,
  user: UnprivilegedUser | null,
  log: (line: string) => void,
): string {
  mkdirSync(home, { recursive: true });
  if (user === null || canEnter(home, user)) return home;
  const name = createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 16);
  const folder = join(sharedFolder, name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  log(`the user '${user.name}' cannot enter ${home}: PostgreSQL keeps its data in ${folder}`);
  return folder;
}

/** The programs, copied to where `user` can run them if need be. */
export function reachableBinaries(
  binaries: PostgresBinaries,
  user: UnprivilegedUser | null,
): PostgresBinaries {
  if (user === null || canEnter(binaries.folder, user)) return binaries;
  // bin/ finds ../lib and ../share relative to itself, so the three travel together.
  const source = dirname(binaries.folder);
  const target = join(sharedFolder, `postgresql-${binaries.major}`);
  if (!existsSync(target)) {
    mkdirSync(sharedFolder, { recursive: true, mode: 0o755 });
    const partial = `${target}.${process.pid}`;
    cpSync(source, partial, { recursive: true, verbatimSymlinks: true });
    renameIfAbsent(partial, target);
  }
  return { ...binaries, folder: join(target, basename(binaries.folder)) };
}

function renameIfAbsent(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
    rmSync(from, { recursive: true });
  }
}

/** The server's password: made once, readable by its owner alone. */
export function readOrCreatePassword(folder: string): string {
  const file = join(folder, "postgres-password");
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (existsSync(join(folder, "postgres"))) {
    throw new Error(
      `${file} is missing, and without it the data beside it cannot be opened: restore the file, ` +
        "or move the folder 'postgres' away to start with an empty database",
    );
  }
  const password = randomBytes(24).toString("base64url");
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: "wx" });
  return password;
}

/** Makes a folder that belongs to `user`, when there is one, and to nobody else. */
export function makePrivateFolder(folder: string, user: UnprivilegedUser | null): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== null) chownSync(folder, user.uid, user.gid);
}
