/** `npm start`: the preparation, then the launcher. */
import { prepareOrExit } from "./prepare.mjs";

await prepareOrExit();
const { main } = await import("./dist/start/main.js");
process.exitCode = await main({ argv: process.argv.slice(2), environment: process.env });
