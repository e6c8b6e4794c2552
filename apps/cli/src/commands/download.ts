/** Answers that are files: to a file of one's own, or to standard output. */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { CliError, InterruptedError, usageError } from "../cliError.js";
import type { Query } from "../client/labClient.js";
import { EXIT } from "../exitCodes.js";
import type { Session } from "../session.js";

/** `-` is standard output. */
export const STANDARD_OUTPUT = "-";

/** @returns where the file lies, or null for standard output */
export const download = async (
  session: Session,
  path: string,
  { query, to }: { query: Query; to: string },
): Promise<string | null> => {
  const { lab, world, config } = session;
  const response = await lab.open(path, { query, headers: { accept: "*/*" } });
  const body = Readable.fromWeb(response.body as NodeReadableStream);
  try {
    if (to === STANDARD_OUTPUT) {
      await pipeline(body, world.output, { end: false });
      return null;
    }
    return await store(body, resolve(world.cwd, to), to);
  } catch (error) {
    if (world.signal.aborted) throw new InterruptedError();
    if (error instanceof CliError) throw error;
    throw new CliError(
      EXIT.unreachable,
      `${config.lab} stopped in the middle of its answer (${(error as Error).message})`,
    );
  }
};

/** Under its name only once it is whole. */
const store = async (body: Readable, file: string, shown: string): Promise<string> => {
  const part = `${file}.part`;
  try {
    await pipeline(body, createWriteStream(part));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined || code === undefined || !/open|write|rename/.test(syscall))
      throw error;
    throw usageError(`${shown} cannot be written: ${message}`);
  }
  return file;
};
