/** `npm run doctor`: hands the process's arguments, environment and streams to the command. */
import { prepareOrExit } from "./prepare.mjs";

// Standard output is for the report alone.
await prepareOrExit((line) => process.stderr.write(`${line}\n`));
const { runDoctorCommand } = await import("./dist/doctor/command.js");

process.exitCode = await runDoctorCommand({
  argv: process.argv.slice(2),
  environment: process.env,
  output: process.stdout,
  errors: process.stderr,
});
