/** One connection: the rest of a file from one URL. Whether and where to try again is for fetchFile to decide. */
import { type FileHandle, open } from "node:fs/promises";
import { DatasetError, type DatasetErrorDetails } from "@pclab/core";
import { partBytes } from "./partFile.js";

/**
 * What may help after a failure: `retry` goes on from the bytes that are there, `restart` drops them first,
 * `nextSource` gives this URL up.
 */
export type Remedy = "retry" | "restart" | "nextSource";

/** A source's failure, with what may help. Failures that no source can mend are thrown as plain DatasetErrors. */
export class SourceFailure extends Error {
  readonly error: DatasetError;
  readonly remedy: Remedy;

  constructor(remedy: Remedy, details: Omit<DatasetErrorDetails, "wayOut">) {
    const error = new DatasetError({ ...details, wayOut: TRY_AGAIN });
    super(error.message, { cause: details.cause });
    this.error = error;
    this.remedy = remedy;
  }
}

export const TRY_AGAIN =
  "Check the connection and run `npm run datasets` again, which goes on where it stopped; or put the files into a " +
  "folder by hand and set PCLAB_DATASETS=<folder>.";

/** Statuses that say "later" rather than "never". */
const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface DownloadRequest {
  url: string;
  /** Grows by what is received; need not exist. */
  part: string;
  /** Of the whole file. */
  expectedBytes: number;
  /** Longest silence that is borne, from the request on. */
  stallTimeoutMs: number;
  signal: AbortSignal;
  /** Called with the bytes of the file that are there so far: once before the first byte arrives, then at each chunk. */
  onReceived: (receivedBytes: number) => void;
}

/**
 * Downloads until `part` holds `expectedBytes` bytes; asks only for those that are missing, and takes the whole file
 * where the server knows no ranges.
 *
 * @throws SourceFailure for anything that another attempt or source may mend; DatasetError dataset_unwritable,
 *   dataset_download_aborted
 */
export async function downloadInto(request: DownloadRequest): Promise<void> {
  const { url, part, expectedBytes, stallTimeoutMs, signal, onReceived } = request;
  const offset = await onDisk(part, () => partBytes(part));
  if (offset === expectedBytes) return;
  const wanted = offset > expectedBytes ? 0 : offset;

  const connection = new AbortController();
  const stop = (): void => connection.abort();
  signal.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(stop, stallTimeoutMs);
  // Raced with each wait, since fetch itself may miss a signal that fires while the body is being read: it holds its
  // own end of the signal weakly, and a garbage collection in mid-download lets go of it.
  const stopped = new Promise<never>((_, reject) => {
    connection.signal.addEventListener("abort", () => reject(new Error("stopped")), { once: true });
  });
  stopped.catch(() => {});

  let received = wanted;
  try {
    const response = await Promise.race([
      stopped,
      fetch(url, {
        // Identity: a server that compressed or unpacked on the way would not send the published bytes.
        headers: {
          "accept-encoding": "identity",
          ...(wanted > 0 && { range: `bytes=${wanted}-` }),
        },
        signal: connection.signal,
      }),
    ]);
    timer.refresh();
    received = firstByte(response, request, wanted);
    onReceived(received);
    const file = await onDisk(part, () => open(part, received > 0 ? "r+" : "w"));
    try {
      const body = response.body?.getReader();
      for (;;) {
        const chunk = await Promise.race([stopped, body?.read()]);
        if (chunk?.value === undefined) break;
        if (received + chunk.value.length > expectedBytes) {
          throw wrongSize(url, `more than ${expectedBytes} bytes`, expectedBytes);
        }
        await onDisk(part, () => writeAll(file, chunk.value, received));
        received += chunk.value.length;
        timer.refresh();
        onReceived(received);
      }
      await onDisk(part, () => file.sync());
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof DatasetError || error instanceof SourceFailure) throw error;
    if (signal.aborted) throw aborted(url, error);
    throw connection.signal.aborted
      ? new SourceFailure("retry", {
          code: "dataset_stalled",
          file: url,
          value: `${stallTimeoutMs} ms of silence after ${received} bytes`,
          expected: `${expectedBytes} bytes`,
          cause: error,
        })
      : connectionLost(request, received, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    // Drops the connection where the body was not read to its end.
    connection.abort();
  }
  if (received < expectedBytes) throw connectionLost(request, received, undefined);
}

/** Checks what the server says it will send. @returns the offset of its first byte in the file */
function firstByte(response: Response, request: DownloadRequest, wanted: number): number {
  const { url, expectedBytes } = request;
  if (response.status === 206 && wanted > 0) {
    const range = response.headers.get("content-range") ?? "";
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    if (total !== undefined && total !== "*" && Number(total) !== expectedBytes) {
      throw wrongSize(url, `a file of ${total} bytes`, expectedBytes);
    }
    if (start === undefined || Number(start) !== wanted) {
      throw new SourceFailure("restart", {
        code: "dataset_http_status",
        file: url,
        value: `status 206 with Content-Range "${range}"`,
        expected: `bytes ${wanted}-${expectedBytes - 1}/${expectedBytes}`,
      });
    }
    return wanted;
  }
  if (response.status === 200) {
    const length = response.headers.get("content-length");
    const encoded = response.headers.has("content-encoding");
    if (length !== null && !encoded && Number(length) !== expectedBytes) {
      throw wrongSize(url, `a file of ${length} bytes`, expectedBytes);
    }
    return 0;
  }
  const restarts = response.status === 416 && wanted > 0;
  const passes = PASSING_STATUSES.has(response.status);
  throw new SourceFailure(restarts ? "restart" : passes ? "retry" : "nextSource", {
    code: "dataset_http_status",
    file: url,
    value: `status ${response.status}`,
    expected: wanted > 0 ? "206 or 200" : "200",
  });
}

const wrongSize = (url: string, value: string, expectedBytes: number): SourceFailure =>
  new SourceFailure("nextSource", {
    code: "dataset_wrong_size",
    file: url,
    value,
    expected: `${expectedBytes} bytes as published`,
  });

/** Reasons for which a connection is never made: waiting some seconds does not help, another source may. */
const UNREACHABLE = new Set(["ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"]);

function connectionLost(request: DownloadRequest, received: number, cause: unknown): SourceFailure {
  // fetch says "fetch failed" or "terminated"; what happened is in the cause.
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "";
  const reason = inner instanceof Error ? ` (${inner.message || code || inner.name})` : "";
  const unreachable = UNREACHABLE.has(code);
  return new SourceFailure(unreachable ? "nextSource" : "retry", {
    code: "dataset_connection_lost",
    file: request.url,
    value: unreachable
      ? `no connection${reason}`
      : `a connection that ended after ${received} bytes${reason}`,
    expected: `${request.expectedBytes} bytes`,
    cause,
  });
}

export const aborted = (file: string, cause: unknown): DatasetError =>
  new DatasetError({
    code: "dataset_download_aborted",
    file,
    value: "a request to stop",
    expected: "to download the whole file",
    wayOut: "Run `npm run datasets` again: it goes on where it stopped.",
    cause,
  });

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Runs a file operation whose failure is the disk's, not the source's. */
export async function onDisk<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    throw new DatasetError({
      code: "dataset_unwritable",
      file: path,
      value: cause instanceof Error ? cause.message : String(cause),
      expected: "a folder with room that this user can write to",
      wayOut:
        "Free some space or mend the permissions, or choose another folder (--folder, PCLAB_DATASETS).",
      cause,
    });
  }
}
