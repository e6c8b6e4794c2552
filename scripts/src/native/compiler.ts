/** The C++ compilers of this machine and what belongs to them. */
import { spawnSync } from "node:child_process";
import { isAbsolute } from "node:path";
import { UnavailableError } from "../bench/unavailable.js";

export interface Program {
  /** In order of preference. */
  names: readonly string[];
  /** Debian's package that has the first of them. */
  aptPackage: string;
}

export const COMPILER: Program = { names: ["g++", "c++", "clang++"], aptPackage: "g++" };

/** @throws UnavailableError where none of the names starts */
export const findProgram = ({ names, aptPackage }: Program): string => {
  const found = names.find(
    (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
  );
  if (found !== undefined) return found;
  throw new UnavailableError(
    `${names.join(", ")}: not found; on Debian, \`apt-get install ${aptPackage}\``,
  );
};

/** @throws UnavailableError where the compiler has no such library */
export const findLibrary = (compiler: string, name: string, aptPackage: string): string => {
  const { stdout } = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" });
  const path = stdout.trim();
  // A name that it does not know comes back as it was.
  if (isAbsolute(path)) return path;
  throw new UnavailableError(
    `${compiler} has no ${name}; on Debian, \`apt-get install ${aptPackage}\``,
  );
};
