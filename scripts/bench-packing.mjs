/** `npm run bench:packing`: hands the process's arguments and streams to the command. */
import { prepareOrExit } from "./prepare.mjs";

// Standard output is for the table alone.
await prepareOrExit((line) => process.stderr.write(`${line}\n`));
const { runPackingBench } = await import("./dist/bench/packing/packingBench.js");

process.exitCode = await runPackingBench({
  argv: process.argv.slice(2),
  output: process.stdout,
  errors: process.stderr,
});
