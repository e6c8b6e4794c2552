/** One command line from its words to its exit status. */
import { CommanderError } from "commander";
import { complete } from "./completion/candidates.js";
import { lookupIn } from "./completion/lookup.js";
import { COMPLETE } from "./completion/scripts.js";
import { CliError, InterruptedError, ProblemError, usageError } from "./cliError.js";
import { EXIT, type ExitCode } from "./exitCodes.js";
import { errorText } from "./output/problemText.js";
import { styleOf } from "./output/style.js";
import { buildProgram } from "./program.js";
import { type World, openSession, outcomes } from "./session.js";

/** @param world its argv holds the words behind the program's name */
export const runCli = async (world: World): Promise<ExitCode> => {
  try {
    const [first, ...words] = world.argv;
    // Not a command of the program's: these are words of another command line, with options that are not its own.
    if (first === COMPLETE) {
      await printCandidates(world, words);
      return EXIT.ok;
    }
    await buildProgram(world).parseAsync([...world.argv], { from: "user" });
    return outcomes.get(world) ?? EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const told = asCliError(error, world);
    if (!(told instanceof InterruptedError)) tell(told, world);
    return told.exitCode;
  }
};

const printCandidates = async (world: World, words: readonly string[]): Promise<void> => {
  const { lab, print } = openSession(world, {});
  for (const { word, description } of await complete(buildProgram(world), words, lookupIn(lab)))
    print(description === "" ? `${word}\n` : `${word}\t${description}\n`);
};

/** @throws what is a fault of this program */
const asCliError = (error: unknown, { argv, signal }: World): CliError => {
  if (error instanceof CliError) return error;
  if (signal.aborted) return new InterruptedError();
  if (!(error instanceof CommanderError)) throw error;
  const help = argv.find((word) => !word.startsWith("-"));
  const message =
    error.code === "commander.help" ? "which command?" : error.message.replace(/^error: /, "");
  return usageError(
    message.replaceAll("\n", " "),
    help === undefined || error.code === "commander.unknownCommand"
      ? "`pclab --help` lists the commands"
      : `\`pclab ${help} --help\` says more`,
  );
};

const tell = (error: CliError, { argv, environment, errors }: World): void => {
  if (argv.includes("--json")) {
    const body =
      error instanceof ProblemError
        ? error.problem
        : { title: error.message, ways_out: error.wayOut, exit_code: error.exitCode };
    errors.write(`${JSON.stringify(body)}\n`);
    return;
  }
  const isColoured = !environment["NO_COLOR"] && errors.isTTY === true;
  errors.write(errorText(error, styleOf(isColoured)));
};
