/** `npm run test:mutations`. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { FAULTS } = await import("./dist/mutations/faults.js");
const { runMutations } = await import("./dist/mutations/mutations.js");

process.exitCode = await runMutations({
  root: join(import.meta.dirname, ".."),
  faults: FAULTS,
  output: process.stdout,
});
