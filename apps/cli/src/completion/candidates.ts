/** What may stand at the end of a command line, from the commands' own definitions. */
import type { Command, Option } from "commander";
import { FILES } from "./scripts.js";

export interface Candidate {
  word: string;
  description: string;
}

/** Words that the definitions do not know: ids of the lab, words of its vocabulary. */
export type Lookup = (kind: string) => Promise<Candidate[]>;

/** @param words what stands behind the program's name, the last as far as it was typed */
export const complete = async (
  program: Command,
  words: readonly string[],
  lookup: Lookup,
): Promise<Candidate[]> => {
  const current = words.at(-1) ?? "";
  const { command, place, pending } = walk(program, words.slice(0, -1));
  const all = await candidatesAt(command, { current, place, pending }, lookup);
  return all.filter(({ word }) => word === FILES || word.startsWith(current));
};

interface Walked {
  command: Command;
  /** Arguments that stand there already. */
  place: number;
  /** The option that waits for its value. */
  pending: Option | null;
}

const walk = (program: Command, words: readonly string[]): Walked => {
  let command = program;
  let place = 0;
  let pending: Option | null = null;
  for (const word of words) {
    if (pending !== null) {
      pending = null;
    } else if (word.startsWith("-") && word !== "-") {
      const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
      pending = option?.required === true ? option : null;
    } else {
      const inner = command.commands.find((one) => one.name() === word);
      if (inner === undefined) place += 1;
      else command = inner;
    }
  }
  return { command, place, pending };
};

/** A command's own, and those of every command. */
const optionsOf = (command: Command): Option[] =>
  [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))].filter(
    ({ hidden }) => !hidden,
  );

const candidatesAt = async (
  command: Command,
  { current, place, pending }: Omit<Walked, "command"> & { current: string },
  lookup: Lookup,
): Promise<Candidate[]> => {
  if (pending !== null) return valuesOf(pending, lookup);
  if (current.startsWith("-")) {
    return optionsOf(command).map(({ long, short, description }) => ({
      word: long ?? short ?? "",
      description,
    }));
  }
  const inner = command.commands;
  const subcommands =
    place > 0
      ? []
      : inner.map((one) => ({ word: one.name(), description: one.summary() || one.description() }));
  const { registeredArguments: known } = command;
  const argument = known[place] ?? (known.at(-1)?.variadic === true ? known.at(-1) : undefined);
  if (argument === undefined) return subcommands;
  const choices = argument.argChoices?.map((word) => ({ word, description: "" }));
  return [...subcommands, ...(choices ?? (await wordsOf(argument.name(), command, lookup)))];
};

const valuesOf = async ({ argChoices, long }: Option, lookup: Lookup): Promise<Candidate[]> => {
  if (argChoices !== undefined) return argChoices.map((word) => ({ word, description: "" }));
  return long === "--output" ? [file] : lookup(long ?? "");
};

const file: Candidate = { word: FILES, description: "" };

const wordsOf = async (name: string, command: Command, lookup: Lookup): Promise<Candidate[]> => {
  switch (name) {
    case "file":
      return [file];
    case "id":
      // `ls runs`, `show`, `cancel`: what a command takes, it says itself when it is given another.
      return [...(await lookup("sweep")), ...(await lookup("run"))];
    case "sweep":
    case "run":
    case "worker":
    case "token":
      return lookup(name);
    default:
      return command.name() === "help" ? [] : lookup(name);
  }
};
