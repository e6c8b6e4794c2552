/** `npm run test:mutations`, or `npm run test:mutations -- native` for the faults that have this in their names. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { FAULTS } = await import("./dist/mutations/faults.js");
const { runMutations } = await import("./dist/mutations/mutations.js");

const words = process.argv.slice(2);

process.exitCode = await runMutations({
  root: join(import.meta.dirname, ".."),
  faults: FAULTS.filter(({ name }) => words.every((word) => name.includes(word))),
  output: process.stdout,
});
