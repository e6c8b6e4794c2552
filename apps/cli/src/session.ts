/** What a command works with: the lab, the streams, and how answers are wanted. */
import type { Command } from "commander";
import { InterruptedError } from "./cliError.js";
import { type LabClient, openLab } from "./client/labClient.js";
import { type Config, type Environment, readConfig } from "./config.js";
import { EXIT, type ExitCode } from "./exitCodes.js";
import { type Style, styleOf } from "./output/style.js";

export type Output = NodeJS.WritableStream & {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
};

/** The process, as far as commands see it. */
export interface World {
  argv: readonly string[];
  environment: Environment;
  cwd: string;
  input: NodeJS.ReadableStream;
  output: Output;
  errors: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

export interface Session {
  config: Config;
  lab: LabClient;
  world: World;
  /** Machines read the answer. */
  json: boolean;
  style: Style;
  /** Columns of the terminal; no bound where the answer goes to a file or a pipe. */
  width: number;
  print: (text: string) => void;
  /** One JSON document, or one line of a stream. */
  printJson: (value: unknown, form?: "document" | "line") => void;
  /** Beside the answer: on standard error. */
  say: (text: string) => void;
}

const FALLBACK_COLUMNS = 80;

export interface GlobalOptions {
  json?: boolean;
  lab?: string;
}

export const openSession = (world: World, { json = false, lab }: GlobalOptions): Session => {
  const { output, errors } = world;
  const config = readConfig(world.environment, world.cwd, lab);
  return {
    config,
    lab: openLab(config, world.signal),
    world,
    json,
    style: styleOf(config.colour ?? output.isTTY === true),
    width: output.isTTY === true ? (output.columns ?? FALLBACK_COLUMNS) : Infinity,
    print: (text) => void output.write(text),
    printJson: (value, form = "document") =>
      void output.write(`${JSON.stringify(value, null, form === "document" ? 2 : 0)}\n`),
    say: (text) => void errors.write(`${text}\n`),
  };
};

/** Set by an action, for runCli to end with. */
export const outcomes = new WeakMap<World, ExitCode>();

/** An action of commander: opens the session, and remembers the exit status that the work answers. */
export const action =
  <Args extends unknown[]>(
    world: World,
    work: (session: Session, ...args: Args) => Promise<ExitCode | void>,
  ) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const session = openSession(world, command.optsWithGlobals<GlobalOptions>());
    // commander hands over the arguments, the options, and the command itself.
    const outcome = await work(session, ...(given.slice(0, -1) as Args));
    if (world.signal.aborted) throw new InterruptedError();
    outcomes.set(world, outcome ?? EXIT.ok);
  };
