/** The commands, in the order in which the help names them. */
import { Command } from "commander";
import { actionCommands } from "./commands/actions.js";
import { compareCommand } from "./commands/compare.js";
import { completionCommand } from "./commands/completion.js";
import { doctorCommand } from "./commands/doctor.js";
import { exportCommand } from "./commands/export.js";
import { logsCommand } from "./commands/logs.js";
import { lsCommand } from "./commands/ls.js";
import { plotCommand } from "./commands/plot.js";
import { queueCommands } from "./commands/queue.js";
import { reportCommand } from "./commands/report.js";
import { showCommand } from "./commands/show.js";
import { submitCommand } from "./commands/submit.js";
import { tokensCommand } from "./commands/tokens.js";
import { watchCommand } from "./commands/watch.js";
import { workersCommand } from "./commands/workers.js";
import type { World } from "./session.js";
import { readVersion } from "./version.js";

const AFTER_HELP = `
Environment:
  LAB              the lab's address; without it, the lab that \`npm start\` runs here, or http://localhost:8080
  LAB_TOKEN        the token; without it, of a lab on this machine, its owner's in PCLAB_HOME/token or .pclab/token
  NO_COLOR         no colours

Exit status: 0 done; 1 what was asked about failed; 2 usage; 3 no lab answers; 4 refused; 5 not found; 6 invalid;
7 the state does not allow it; 8 a limit; 9 the lab failed; 130 Ctrl-C. More: docs/CLI.md`;

export const buildProgram = (world: World): Command => {
  const program = new Command("pclab")
    .description("Experiments that compare backpropagation with predictive coding, on a pclab lab.")
    .version(readVersion(), "--version", "the version")
    .option("--json", "answer in JSON: one document, or a line each for streams")
    .option("--lab <url>", "the lab's address, instead of LAB")
    .addHelpText("after", AFTER_HELP);
  for (const add of [
    submitCommand,
    watchCommand,
    lsCommand,
    showCommand,
    logsCommand,
    actionCommands,
    exportCommand,
    compareCommand,
    plotCommand,
    reportCommand,
    queueCommands,
    workersCommand,
    tokensCommand,
    doctorCommand,
    completionCommand,
  ])
    add(program, world);
  return settle(program, world);
};

/** What holds for every command, each of its own included. */
const settle = (command: Command, world: World): Command => {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void world.output.write(text),
      // runCli says it, so that --json holds for it too.
      writeErr: () => undefined,
      getOutHelpWidth: () => (world.output.isTTY === true ? (world.output.columns ?? 80) : 100),
    });
  for (const inner of command.commands) settle(inner, world);
  return command;
};
