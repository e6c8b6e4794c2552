#!/usr/bin/env node
/** `pclab`: hands the process to the command line; in a checkout that was not built yet, builds it first. */
import { existsSync } from "node:fs";

const built = new URL("../dist/main.js", import.meta.url);
if (!existsSync(built)) {
  const prepare = new URL("../../../scripts/prepare.mjs", import.meta.url);
  if (!existsSync(prepare)) {
    process.stderr.write("pclab is not built: apps/cli/dist is missing; run `npm run build`\n");
    process.exit(1);
  }
  const { prepareOrExit } = await import(prepare.href);
  // Standard output is for the command's answer alone.
  await prepareOrExit((line) => process.stderr.write(`${line}\n`));
}
const { main } = await import(built.href);
await main();
