/** One published file onto the disk: attempts, mirrors and the checksum. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { DatasetError } from "@pclab/core";
import { aborted, downloadInto, onDisk, SourceFailure, TRY_AGAIN } from "./download.js";
import { claimPart, partBytes, releasePart } from "./partFile.js";

export interface FetchLimits {
  /** Longest silence of a server that is borne. */
  stallTimeoutMs: number;
  /** Connections to one source before the next source is tried, at least 1. */
  attemptsPerSource: number;
  /** Pause before a source's second attempt; doubles with each further one. */
  firstBackoffMs: number;
}

export const FETCH_LIMITS: FetchLimits = {
  stallTimeoutMs: 30_000,
  attemptsPerSource: 4,
  firstBackoffMs: 500,
};

export interface FileRequest {
  /** The file's name as published, `.gz` included. */
  file: string;
  folder: string;
  bytes: number;
  md5: string;
  /** Base URLs, best first. */
  sources: readonly string[];
  limits: FetchLimits;
  signal: AbortSignal;
  onReceived: (receivedBytes: number) => void;
  /** A source failed; the next attempt, at the same or at the next source, comes after `pauseMs`. */
  onFailure: (error: DatasetError, pauseMs: number) => void;
}

/**
 * Downloads `<source>/<file>` to `<folder>/<file>`, which appears only when it is whole and its MD5 is the published
 * one. What an interrupted download left is continued.
 *
 * @throws DatasetError dataset_download_failed, whose cause is an AggregateError of every source's last failure;
 *   dataset_unwritable, dataset_download_aborted
 */
export async function fetchFile(request: FileRequest): Promise<void> {
  const { file, folder, sources } = request;
  const part = await onDisk(folder, () => claimPart(folder, file));
  try {
    const failures: DatasetError[] = [];
    for (const source of sources) {
      const failure = await fetchFrom(`${source.replace(/\/+$/, "")}/${file}`, part, request);
      if (failure === null) {
        await onDisk(folder, () => rename(part, join(folder, file)));
        return;
      }
      failures.push(failure);
    }
    throw new DatasetError({
      code: "dataset_download_failed",
      file,
      value: `no source that gave it (${failures.map(summary).join("; ")})`,
      expected: "the file as published",
      wayOut: TRY_AGAIN,
      cause: new AggregateError(failures),
    });
  } finally {
    await onDisk(folder, () => releasePart(part, folder, file));
  }
}

const summary = ({ file: url, value, expected }: DatasetError): string =>
  `${url}: ${value} instead of ${expected}`;

/** All attempts at one source. @returns null when the file is there and right, else the last failure */
async function fetchFrom(
  url: string,
  part: string,
  request: FileRequest,
): Promise<DatasetError | null> {
  const { limits, signal, onFailure } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      await attemptFrom(url, part, request);
      return null;
    } catch (failure) {
      if (!(failure instanceof SourceFailure)) throw failure;
      if (failure.remedy === "restart") await onDisk(part, () => rm(part, { force: true }));
      const isLast = failure.remedy === "nextSource" || attempt >= limits.attemptsPerSource;
      const pauseMs = isLast ? 0 : limits.firstBackoffMs * 2 ** (attempt - 1);
      onFailure(failure.error, pauseMs);
      if (isLast) return failure.error;
      try {
        await delay(pauseMs, undefined, { signal });
      } catch (cause) {
        throw aborted(url, cause);
      }
    }
  }
}

/** One connection, and the checksum. @throws SourceFailure; DatasetError where no source can help */
async function attemptFrom(url: string, part: string, request: FileRequest): Promise<void> {
  const { bytes, md5, limits, signal, onReceived } = request;
  if (signal.aborted) throw aborted(url, signal.reason);
  const resumed = (await onDisk(part, () => partBytes(part))) > 0;
  await downloadInto({
    url,
    part,
    expectedBytes: bytes,
    stallTimeoutMs: limits.stallTimeoutMs,
    signal,
    onReceived,
  });
  const found = await onDisk(part, () => md5OfFile(part));
  if (found === md5) return;
  await onDisk(part, () => rm(part));
  // After a resumed download the wrong bytes may be the earlier ones: the same source gets a chance from the start.
  throw new SourceFailure(resumed ? "restart" : "nextSource", {
    code: "dataset_checksum_mismatch",
    file: url,
    value: `MD5 ${found}`,
    expected: `MD5 ${md5} as published`,
  });
}

async function md5OfFile(path: string): Promise<string> {
  const hash = createHash("md5");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
