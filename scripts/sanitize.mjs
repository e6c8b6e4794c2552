/** `npm run test:sanitize`. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { runSanitize } = await import("./dist/native/sanitize.js");

process.exitCode = await runSanitize({
  root: join(import.meta.dirname, ".."),
  output: process.stdout,
});
