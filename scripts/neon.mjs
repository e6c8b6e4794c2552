/** `npm run test:neon`. */
import { join } from "node:path";
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { runEmulated } = await import("./dist/native/emulated.js");

process.exitCode = await runEmulated({
  root: join(import.meta.dirname, ".."),
  output: process.stdout,
});
