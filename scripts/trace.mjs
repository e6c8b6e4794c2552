/** `npm run trace`: hands the process's arguments and streams to the command. */
import { runTraceCommand } from "./dist/trace.js";

process.exitCode = await runTraceCommand({
  argv: process.argv.slice(2),
  // npm runs scripts in the repository's root; a relative file belongs to where it was typed.
  folder: process.env.INIT_CWD || process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
