/** `npm run load`: how fast the service answers, on a lab of its own; what docs/PERFORMANCE.md states comes from it. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit((line) => process.stderr.write(`${line}\n`));
const { runLoad } = await import("./dist/load/load.js");

process.exitCode = await runLoad({
  root: join(import.meta.dirname, ".."),
  argv: process.argv.slice(2),
  output: process.stdout,
  errors: process.stderr,
});
