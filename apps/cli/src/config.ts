/**
 * Which lab, and with which token: the environment, read once. Without LAB it is the lab that `npm start` runs from this
 * folder or this checkout, and its owner's token opens it; that token is sent to no other machine.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { usageError } from "./cliError.js";

export interface Config {
  /** Without a slash at its end. */
  lab: string;
  labFrom: string;
  isLocal: boolean;
  /** Null where there is none: public routes answer all the same. */
  token: string | null;
  tokenFrom: string | null;
  /** Null where the terminal decides. */
  colour: boolean | null;
  /** The terminal can move its cursor. */
  canMoveCursor: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_LAB = "http://localhost:8080";

/** The checkout, from apps/cli/dist/ as from apps/cli/src/. */
export const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** @throws CliError for an address that is none */
export const readConfig = (
  environment: Environment,
  cwd: string,
  labOption: string | undefined,
): Config => {
  const homes = homesOf(environment, cwd);
  const [lab, labFrom] = findLab(environment, homes, labOption);
  const url = parseAddress(lab, labFrom);
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const [token, tokenFrom] = findToken(environment, isLocal ? homes : []);
  return {
    lab: url.href.replace(/\/+$/, ""),
    labFrom,
    isLocal,
    token,
    tokenFrom,
    colour: readColour(environment),
    canMoveCursor: environment["TERM"] !== "dumb",
  };
};

/** Where `npm start` keeps a lab. */
const homesOf = (environment: Environment, cwd: string): string[] => {
  const home = environment["PCLAB_HOME"];
  if (home !== undefined && home !== "") return [resolve(cwd, home)];
  return [...new Set([join(cwd, ".pclab"), join(repository, ".pclab")])];
};

const findLab = (
  environment: Environment,
  homes: readonly string[],
  option: string | undefined,
): [string, string] => {
  if (option !== undefined) return [option, "--lab"];
  const fromEnvironment = environment["LAB"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") return [fromEnvironment, "LAB"];
  for (const home of homes) {
    const file = join(home, "launcher.json");
    const url = urlOf(readIfThere(file));
    if (url !== null) return [url, file];
  }
  return [DEFAULT_LAB, "the default"];
};

/** The launcher's record of the lab that runs. */
const urlOf = (record: string | null): string | null => {
  if (record === null) return null;
  try {
    const { url } = JSON.parse(record) as { url?: unknown };
    return typeof url === "string" ? url : null;
  } catch (error) {
    // A launcher that was killed may have left half a file.
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
};

const parseAddress = (text: string, from: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw usageError(
    `${from} is '${text}', which is no address of a lab`,
    `it should look like ${DEFAULT_LAB}`,
  );
};

const findToken = (
  environment: Environment,
  homes: readonly string[],
): [string, string] | [null, null] => {
  const fromEnvironment = environment["LAB_TOKEN"]?.trim();
  if (fromEnvironment) return [fromEnvironment, "LAB_TOKEN"];
  for (const home of homes) {
    const file = join(home, "token");
    const token = readIfThere(file)?.trim();
    if (token) return [token, file];
  }
  return [null, null];
};

/** Null as well for a file that is not ours to read: then there is no such lab for us. */
const readIfThere = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return null;
    throw error;
  }
};

/** https://no-color.org; FORCE_COLOR as Node has it. */
const readColour = (environment: Environment): boolean | null => {
  if (environment["NO_COLOR"]) return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return environment["TERM"] === "dumb" ? false : null;
};
