/** `npm run trace`: hands the process's arguments and streams to the command. */
import { prepareOrExit } from "./prepare.mjs";

// Standard output is for the answer alone.
await prepareOrExit((line) => process.stderr.write(`${line}\n`));
const { runTraceCommand } = await import("./dist/trace.js");

process.exitCode = await runTraceCommand({
  argv: process.argv.slice(2),
  // npm runs scripts in the repository's root; a relative file belongs to where it was typed.
  folder: process.env.INIT_CWD || process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
