/** The process: its words, streams and signals. */
import { EXIT } from "./exitCodes.js";
import { runCli } from "./runCli.js";

export const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  const onSignal = (): void => {
    // Whoever asks twice does not want to wait.
    if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
    interrupted.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // `pclab ls | head -1` has read enough; there is nobody left to tell.
      if (error.code === "EPIPE") process.exit(EXIT.ok);
      throw error;
    });
  }
  process.exitCode = await runCli({
    argv: process.argv.slice(2),
    environment: process.env,
    cwd: process.cwd(),
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    signal: interrupted.signal,
  });
};
