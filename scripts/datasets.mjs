/** `npm run datasets`: hands the process's arguments, environment and signals to the command. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { runDatasetsCommand } = await import("./dist/datasets.js");

const stop = new AbortController();
// A first signal ends the download and keeps what there is of it; a second one kills.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

process.exitCode = await runDatasetsCommand({
  argv: process.argv.slice(2),
  datasetsOverride: process.env.PCLAB_DATASETS,
  home: process.env.PCLAB_HOME || join(import.meta.dirname, "..", ".pclab"),
  output: process.stdout,
  errors: process.stderr,
  signal: stop.signal,
});
