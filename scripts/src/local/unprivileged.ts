import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** PostgreSQL refuses to run as root, so a launcher run by root starts it as this user. */
export interface UnprivilegedUser {
  name: string;
  uid: number;
  gid: number;
}

/** Null when this process is not root: then nothing needs to change. */
export function findUnprivilegedUser(): UnprivilegedUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ["postgres", "nobody"]) {
    const user = readPasswd(name);
    if (user !== null) return user;
  }
  throw new Error(
    "PostgreSQL does not run as root, and this machine has neither a user 'postgres' nor 'nobody' to run it as: " +
      "add one, or set DATABASE_URL to a running PostgreSQL",
  );
}

function readPasswd(name: string): UnprivilegedUser | null {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined
    ? null
    : { name, uid: Number(uid), gid: Number(gid) };
}

/** Whether the user can reach what lies in `folder`: every folder on the way from the root must let it pass. */
export function canEnter(folder: string, user: UnprivilegedUser): boolean {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  for (let at = realpathSync(existing); ; at = dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
