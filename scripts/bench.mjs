/** `npm run bench`: hands the process's arguments, environment and streams to the command. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

// Standard output is for the tables alone.
await prepareOrExit((line) => process.stderr.write(`${line}\n`));
const { runBenchCommand } = await import("./dist/bench/bench.js");

process.exitCode = await runBenchCommand({
  argv: process.argv.slice(2),
  root: join(import.meta.dirname, ".."),
  // npm runs scripts in the repository's root; a relative file belongs to where it was typed.
  folder: process.env.INIT_CWD || process.cwd(),
  environment: process.env,
  output: process.stdout,
  errors: process.stderr,
});
