import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import {
  CATALOGUE,
  type CatalogueEntry,
  DATASET_FILES,
  type PublishedFile,
  writeSyntheticDataset,
} from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchDatasetWithBar, runDatasetsCommand } from "./datasets.js";

let home: string;
let source: string;
let server: Server;
let entry: CatalogueEntry;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pclab-home-"));
  const folder = join(home, "published");
  await writeSyntheticDataset(folder, { train: 200, test: 20, seed: 5 });
  const files: Record<string, PublishedFile> = {};
  const published = new Map<string, Buffer>();
  for (const file of DATASET_FILES) {
    const bytes = await readFile(join(folder, `${file}.gz`));
    published.set(`/mnist/${file}.gz`, bytes);
    files[file] = { bytes: bytes.length, md5: createHash("md5").update(bytes).digest("hex") };
  }
  entry = { ...CATALOGUE.mnist, files: files as CatalogueEntry["files"] };
  server = createServer((request, response) => {
    const bytes = published.get(request.url ?? "");
    if (bytes) response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  source = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(home, { recursive: true });
});

async function run(argv: string[], datasetsOverride?: string) {
  const output = new PassThrough();
  const errors = new PassThrough();
  const { signal } = new AbortController();
  const status = await runDatasetsCommand({ argv, datasetsOverride, home, output, errors, signal });
  output.end();
  errors.end();
  return { status, output: await text(output), errors: await text(errors) };
}

describe("npm run datasets", () => {
  it("keeps a valid data set, and says that it is not the published one", async () => {
    await writeSyntheticDataset(join(home, "datasets", "mnist"), { train: 20, test: 10, seed: 1 });
    const { status, output } = await run(["mnist"]);
    expect(status).toBe(0);
    expect(output).toContain("train-images-idx3-ubyte is kept: valid, but not the bytes");
    expect(output).toContain("MNIST: 20 training and 10 test images");
  });

  it("takes --folder before PCLAB_DATASETS before the home", async () => {
    const [first, second] = [join(home, "first"), join(home, "second")];
    await writeSyntheticDataset(join(first, "mnist"), { train: 10, test: 10, seed: 1 });
    await writeSyntheticDataset(join(second, "mnist"), { train: 30, test: 10, seed: 1 });
    expect((await run(["mnist", "--folder", first], second)).output).toContain("10 training");
    expect((await run(["mnist"], second)).output).toContain("30 training");
  });

  it("fails with status 1 when no source has the files, and names the URL", async () => {
    const { status, errors } = await run(["mnist", "--source", `${source}/nowhere`]);
    expect(status).toBe(1);
    expect(errors).toContain(`${source}/nowhere/train-images-idx3-ubyte.gz: status 404`);
  });

  it("fails with status 1 when one of all data sets fails, and has tried the others", async () => {
    await writeSyntheticDataset(join(home, "datasets", "mnist"), { train: 20, test: 10, seed: 1 });
    const { status, output, errors } = await run(["all", "--source", `${source}/nowhere`]);
    expect(status).toBe(1);
    expect(errors).toContain("Fashion-MNIST: ");
    expect(output).toContain("MNIST: 20 training");
  });

  it.each([
    [["minst"], '"minst" is no data set'],
    [["--fodler", "x"], "--fodler"],
    [["--folder"], "--folder"],
    [["--source", "not a url"], "not a url"],
  ])("refuses %j with status 2 and the usage", async (argv, complaint) => {
    const { status, errors } = await run(argv);
    expect(status).toBe(2);
    expect(errors).toContain(complaint);
    expect(errors).toContain("usage: npm run datasets");
  });

  it("explains itself", async () => {
    const { status, output } = await run(["--help"]);
    expect(status).toBe(0);
    expect(output).toContain("--folder DIR");
  });
});

describe("the progress of a download", () => {
  const download = async (output: PassThrough & { isTTY?: boolean }): Promise<string> => {
    const sources = [`${source}/nowhere`, `${source}/mnist`];
    await fetchDatasetWithBar("mnist", { folder: join(home, "datasets"), sources, entry, output });
    output.end();
    return text(output);
  };

  it("is plain lines, up to 100 %, where there is no terminal", async () => {
    const written = await download(new PassThrough());
    expect(written).toContain("/nowhere/train-images-idx3-ubyte.gz: status 404 instead of 200");
    expect(written).toMatch(/ 100 % of 0\.\d MB\n/);
    expect(written).toContain("MNIST: 200 training and 20 test images");
    expect(written.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  it("is a bar on a terminal, which ends at 100 % and gives the cursor back", async () => {
    const written = await download(Object.assign(new PassThrough(), { isTTY: true, columns: 100 }));
    expect(written).toMatch(/#{30} 100 % \| 0\.\d of 0\.\d MB/);
    expect(written.lastIndexOf("\u001b[?25h")).toBeGreaterThan(written.lastIndexOf("\u001b[?25l"));
  });
});
