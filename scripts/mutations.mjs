/** `npm run test:mutations`, and `npm run test:mutations -- native`, which builds the addon for each of its faults. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const [{ FAULTS }, { NATIVE_FAULTS }, { runMutations }] = await Promise.all([
  import("./dist/mutations/faults.js"),
  import("./dist/mutations/faults/native.js"),
  import("./dist/mutations/mutations.js"),
]);

process.exitCode = await runMutations({
  root: join(import.meta.dirname, ".."),
  faults: process.argv[2] === "native" ? NATIVE_FAULTS : FAULTS,
  output: process.stdout,
});
