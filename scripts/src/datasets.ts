/** `npm run datasets -- [mnist|fashion-mnist|all] [--folder DIR] [--source URL]`, and the progress bar of a download. */
import { parseArgs } from "node:util";
import { DATASETS, DatasetError, type DatasetName } from "@pclab/core";
import {
  CATALOGUE,
  type FetchedDataset,
  type FetchEvent,
  type FetchOptions,
  fetchDataset,
  resolveDatasetsFolder,
} from "@pclab/storage";
import { SingleBar } from "cli-progress";

const USAGE = `usage: npm run datasets -- [${DATASETS.join("|")}|all] [--folder DIR] [--source URL]

Downloads the data sets (all of them unless one is named), checks them against their publishers' checksums and keeps
what is there already. An interrupted download goes on where it stopped.

  --folder DIR   where to: DIR/<data set>/ (default: PCLAB_DATASETS, else datasets in the lab's home)
  --source URL   a mirror to download from instead of the publishers; may be given several times
`;

/** Where to write: the part of process.stdout that is needed. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean };

export interface DatasetsCommand {
  argv: readonly string[];
  /** The value of PCLAB_DATASETS. */
  datasetsOverride: string | undefined;
  /** The lab's home. */
  home: string;
  output: Output;
  errors: Output;
  signal: AbortSignal;
}

/** @returns the exit status: 0, 1 for a data set that could not be had, 2 for arguments that make no sense */
export async function runDatasetsCommand(command: DatasetsCommand): Promise<number> {
  const { output, errors, signal } = command;
  const request = parseRequest(command);
  if (typeof request === "string") {
    errors.write(`${request}\n\n${USAGE}`);
    return 2;
  }
  if (request.help) {
    output.write(USAGE);
    return 0;
  }
  let status = 0;
  for (const name of request.names) {
    try {
      const { folder, sources } = request;
      await fetchDatasetWithBar(name, { folder, signal, output, ...(sources && { sources }) });
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      errors.write(`${CATALOGUE[name].title}: ${error.message}\n`);
      status = 1;
    }
    if (signal.aborted) break;
  }
  return status;
}

interface DatasetsRequest {
  names: readonly DatasetName[];
  folder: string;
  sources: string[] | undefined;
  help: boolean;
}

/** @returns a sentence where the arguments make no sense */
function parseRequest({ argv, datasetsOverride, home }: DatasetsCommand): DatasetsRequest | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        folder: { type: "string" },
        source: { type: "string", multiple: true },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const isName = (word: string): word is DatasetName => DATASETS.some((name) => name === word);
    const unknown = positionals.find((word) => word !== "all" && !isName(word));
    if (unknown !== undefined) {
      return `"${unknown}" is no data set: expected ${DATASETS.join(", ")} or all.`;
    }
    const notUrl = values.source?.find((source) => !URL.canParse(source));
    if (notUrl !== undefined) return `--source "${notUrl}" is no URL.`;
    const named = [...new Set(positionals.filter(isName))];
    return {
      names: named.length === 0 || positionals.includes("all") ? DATASETS : named,
      folder: resolveDatasetsFolder({ override: values.folder ?? datasetsOverride, home }),
      sources: values.source,
      help: values.help,
    };
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

export interface FetchWithBarOptions extends Omit<FetchOptions, "onProgress"> {
  output: Output;
}

/**
 * fetchDataset with its progress on `output`: a bar on a terminal, else a line for every tenth.
 *
 * @throws DatasetError as fetchDataset does; nothing of the error is written
 */
export async function fetchDatasetWithBar(
  name: DatasetName,
  { output, ...options }: FetchWithBarOptions,
): Promise<FetchedDataset> {
  const { title, licence } = CATALOGUE[name];
  const say = (line: string): void => void output.write(`${line}\n`);
  const bar = output.isTTY === true ? terminalBar(output) : plainBar(say);

  const onProgress = (event: FetchEvent): void => {
    if (event.type === "received") bar.show(event);
    else if (event.type === "planned" && event.files.length > 0) {
      say(`${title} (${licence}): ${megabytes(event.totalBytes)} MB into ${options.folder}`);
    } else {
      const line = sentence(event);
      if (line === null) return;
      bar.pause();
      say(`  ${line}`);
    }
  };
  let fetched: FetchedDataset;
  try {
    fetched = await fetchDataset(name, { ...options, onProgress });
  } finally {
    bar.pause();
  }
  const { trainCount, testCount, folder, sha256 } = fetched;
  say(`${title}: ${trainCount} training and ${testCount} test images in ${folder}`);
  say(`  sha256 ${sha256}`);
  return fetched;
}

/** What the reader should know of an event, besides the bar; null where that is nothing. */
function sentence(event: FetchEvent): string | null {
  switch (event.type) {
    case "kept":
      return event.published
        ? null
        : `${event.file} is kept: valid, but not the bytes that its publisher names`;
    case "replaced":
      return `${event.file} is downloaded anew: found ${event.error.value}, expected ${event.error.expected}`;
    case "failed": {
      const { file, value, expected } = event.error;
      const next = event.pauseMs > 0 ? `trying again in ${event.pauseMs / 1000} s` : "giving it up";
      return `${file}: ${value} instead of ${expected}; ${next}`;
    }
    default:
      return null;
  }
}

interface Bar {
  show: (progress: { file: string; receivedBytes: number; totalBytes: number }) => void;
  /** Lets other lines be written; the next `show` goes on below them. */
  pause: () => void;
}

function terminalBar(output: Output): Bar {
  const bar = new SingleBar({
    format: "  {bar} {percentage} % | {received} of {size} MB | {eta_formatted} left | {file}",
    stream: output,
    barsize: 30,
    barCompleteChar: "#",
    barIncompleteChar: "-",
    hideCursor: true,
    // The process's own handler of signals stops the download, and thereby this bar.
    gracefulExit: false,
  });
  return {
    show: ({ file, receivedBytes, totalBytes }) => {
      const payload = { file, received: megabytes(receivedBytes), size: megabytes(totalBytes) };
      if (bar.isActive) bar.update(receivedBytes, payload);
      else bar.start(totalBytes, receivedBytes, payload);
    },
    pause: () => bar.stop(),
  };
}

function plainBar(say: (line: string) => void): Bar {
  let saidTenths = 0;
  return {
    show: ({ receivedBytes, totalBytes }) => {
      const tenths = Math.floor((10 * receivedBytes) / totalBytes);
      if (tenths <= saidTenths) return;
      saidTenths = tenths;
      say(`  ${tenths * 10} % of ${megabytes(totalBytes)} MB`);
    },
    pause: () => {},
  };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
