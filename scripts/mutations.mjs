/** `npm run test:mutations`. */
import { join } from "node:path";
import { FAULTS } from "./dist/mutations/faults.js";
import { runMutations } from "./dist/mutations/mutations.js";

process.exitCode = await runMutations({
  root: join(import.meta.dirname, ".."),
  faults: FAULTS,
  output: process.stdout,
});
