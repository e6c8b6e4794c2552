import { spawn } from "node:child_process";
import { once } from "node:events";
import { CliError } from "../cliError.js";
import { EXIT } from "../exitCodes.js";

/** Opens a file with the desktop's own program. */
export const openFile = async (file: string): Promise<void> => {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(program, [file], { stdio: "ignore", detached: true });
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new CliError(
      EXIT.failed,
      `${program} cannot be started: ${(error as Error).message}`,
      `the file is there all the same: ${file}`,
    );
  }
  child.unref();
};
