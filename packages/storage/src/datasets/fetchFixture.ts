/** For tests of the fetcher: a small published data set, a server and a mirror that serve it, and a folder to fetch it to. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatasetError } from "@pclab/core";
import { CATALOGUE, type CatalogueEntry, DATASET_FILES, type PublishedFile } from "./catalogue.js";
import { type FaultyFileServer, startFaultyFileServer } from "./faultyFileServer.js";
import {
  type FetchedDataset,
  type FetchEvent,
  type FetchOptions,
  fetchDataset,
} from "./fetchDataset.js";
import { writeSyntheticDataset } from "./synthetic.js";

/** The one file that the tests of single files look at, the first that is downloaded. */
export const FILE = "train-images-idx3-ubyte.gz";

export const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

export interface FetchFixture {
  /** The datasets folder, and the data set's own in it. Neither exists at first. */
  datasetsFolder: string;
  folder: string;
  published: Map<string, Buffer>;
  server: FaultyFileServer;
  mirror: FaultyFileServer;
  /** Everything that fetchIt has told. */
  events: FetchEvent[];
  ofType: <T extends FetchEvent["type"]>(type: T) => Extract<FetchEvent, { type: T }>[];
  contents: (file?: string) => Buffer;
  /** The Range of each request for FILE. */
  ranges: (server: FaultyFileServer) => (string | undefined)[];
  fetchIt: (options?: Partial<FetchOptions>) => Promise<FetchedDataset>;
  fetchError: (options?: Partial<FetchOptions>) => Promise<DatasetError>;
  /** Whether the folder holds the four files as published and nothing else. */
  isWhole: () => Promise<boolean>;
  dispose: () => Promise<void>;
}

export async function createFetchFixture(): Promise<FetchFixture> {
  const root = await mkdtemp(join(tmpdir(), "pclab-fetch-"));
  const datasetsFolder = join(root, "datasets");
  const folder = join(datasetsFolder, "mnist");

  await writeSyntheticDataset(join(root, "published"), { train: 300, test: 20, seed: 3 });
  const published = new Map<string, Buffer>();
  const files: Record<string, PublishedFile> = {};
  for (const file of DATASET_FILES) {
    const bytes = await readFile(join(root, "published", `${file}.gz`));
    published.set(`${file}.gz`, bytes);
    files[file] = { bytes: bytes.length, md5: md5(bytes) };
  }
  const server = await startFaultyFileServer(published);
  const mirror = await startFaultyFileServer(published);
  const entry: CatalogueEntry = {
    ...CATALOGUE.mnist,
    sources: [server.url, mirror.url],
    files: files as CatalogueEntry["files"],
  };

  const events: FetchEvent[] = [];
  const fetchIt: FetchFixture["fetchIt"] = (options) =>
    fetchDataset("mnist", {
      folder: datasetsFolder,
      entry,
      onProgress: (event) => events.push(event),
      limits: { stallTimeoutMs: 5_000, attemptsPerSource: 3, firstBackoffMs: 5 },
      ...options,
    });

  return {
    datasetsFolder,
    folder,
    published,
    server,
    mirror,
    events,
    ofType: <T extends FetchEvent["type"]>(type: T) =>
      events.filter((event): event is Extract<FetchEvent, { type: T }> => event.type === type),
    contents: (file = FILE) => published.get(file) as Buffer,
    ranges: ({ requests }) =>
      requests.filter(({ path }) => path === FILE).map(({ range }) => range),
    fetchIt,
    fetchError: async (options) => {
      const error: unknown = await fetchIt(options).then(
        () => new Error("the download succeeded"),
        (reason: unknown) => reason,
      );
      if (error instanceof DatasetError) return error;
      throw error;
    },
    isWhole: async () => {
      const names = new Set(await readdir(folder));
      for (const [file, bytes] of published) {
        if (!names.delete(file) || !bytes.equals(await readFile(join(folder, file)))) return false;
      }
      return names.size === 0;
    },
    dispose: async () => {
      await Promise.all([server.close(), mirror.close()]);
      await rm(root, { recursive: true });
    },
  };
}
