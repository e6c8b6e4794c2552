import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeIdxLabels } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DatasetFile } from "./catalogue.js";
import { createFetchFixture, FILE, type FetchFixture } from "./fetchFixture.js";
import { loadDataset } from "./loadDataset.js";
import { writeSyntheticDataset } from "./synthetic.js";

let lab: FetchFixture;
beforeEach(async () => {
  lab = await createFetchFixture();
});
afterEach(() => lab.dispose());

describe("a good server", () => {
  it("gives the whole data set, which loads, with its counts and sha256", async () => {
    const fetched = await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    const { sha256 } = await loadDataset("mnist", lab);
    expect(fetched).toMatchObject({ trainCount: 300, testCount: 20, sha256 });
    expect(fetched.downloaded).toEqual([...lab.published.keys()]);
    expect(lab.mirror.requests).toEqual([]);
  });

  it("makes progress that only rises and ends at the announced total", async () => {
    await lab.fetchIt();
    const total = [...lab.published.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    expect(lab.ofType("planned")).toEqual([
      { type: "planned", files: [...lab.published.keys()], totalBytes: total },
    ]);
    const received = lab.ofType("received").map(({ receivedBytes }) => receivedBytes);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(received.at(-1)).toBe(total);
  });

  it("is not asked again for what is there", async () => {
    await lab.fetchIt();
    const before = lab.server.requests.length;
    const again = await lab.fetchIt();
    expect(lab.server.requests.length).toBe(before);
    expect(again.downloaded).toEqual([]);
    expect(lab.ofType("kept").map(({ published }) => published)).toEqual([true, true, true, true]);
  });

  it("is asked not to compress on the way: only the published bytes have the published MD5", async () => {
    await lab.fetchIt();
    const encodings = lab.server.requests.map(({ acceptEncoding }) => acceptEncoding);
    expect(new Set(encodings)).toEqual(new Set(["identity"]));
  });

  it("is found by a source URL without a slash at its end, too", async () => {
    await lab.fetchIt({ sources: [lab.server.url.replace(/\/$/, "")] });
    expect(await lab.isWhole()).toBe(true);
  });
});

describe("files that are there already", () => {
  const put = async (file: DatasetFile, bytes: Uint8Array, ending = ".gz") => {
    await mkdir(lab.folder, { recursive: true });
    await writeFile(join(lab.folder, `${file}${ending}`), bytes);
  };

  it("stay when they are valid IDX but not the published bytes, and are said to be", async () => {
    await writeSyntheticDataset(lab.folder, { train: 50, test: 10, seed: 9 });
    const own = await readFile(join(lab.folder, FILE));
    const fetched = await lab.fetchIt();
    expect(fetched).toMatchObject({ trainCount: 50, testCount: 10, downloaded: [] });
    expect(Buffer.compare(await readFile(join(lab.folder, FILE)), own)).toBe(0);
    expect(lab.ofType("kept").map(({ published }) => published)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(lab.server.requests).toEqual([]);
  });

  it("are downloaded anew when they are broken, which is said", async () => {
    await lab.fetchIt();
    await writeFile(join(lab.folder, FILE), lab.contents().subarray(0, 2000));
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ofType("replaced").map(({ error }) => error.code)).toEqual(["dataset_gzip_invalid"]);
    expect(lab.ofType("planned").at(-1)?.files).toEqual([FILE]);
  });

  it("are not completed by files of another source: such labels would not be these images' own", async () => {
    const own = gunzipSync(lab.contents());
    own.writeUInt8(own.readUInt8(100) ^ 1, 100);
    await put("train-images-idx3-ubyte", gzipSync(own));
    const error = await lab.fetchError();
    expect(error.code).toBe("dataset_mixed");
    expect(error.message).toContain("train-labels-idx1-ubyte");
    expect(lab.server.requests).toEqual([]);
  });

  it("count when they are unpacked, too", async () => {
    await put("t10k-labels-idx1-ubyte", gunzipSync(lab.contents("t10k-labels-idx1-ubyte.gz")), "");
    await put("t10k-images-idx3-ubyte", gunzipSync(lab.contents("t10k-images-idx3-ubyte.gz")), "");
    const fetched = await lab.fetchIt();
    expect(fetched.downloaded).toEqual([FILE, "train-labels-idx1-ubyte.gz"]);
  });

  it("fail the whole when images and labels do not count the same", async () => {
    await lab.fetchIt();
    await put("t10k-labels-idx1-ubyte", gzipSync(writeIdxLabels(new Uint8Array(7))));
    expect((await lab.fetchError()).code).toBe("dataset_count_mismatch");
  });
});

describe("several processes", () => {
  it("that download at once all end with the whole data set", async () => {
    lab.server.behave(
      FILE,
      { cutAfterBytes: 1500 },
      { cutAfterBytes: 900 },
      { cutAfterBytes: 1200 },
    );
    const fetched = await Promise.all([lab.fetchIt(), lab.fetchIt(), lab.fetchIt()]);
    expect(await lab.isWhole()).toBe(true);
    expect(new Set(fetched.map(({ sha256 }) => sha256)).size).toBe(1);
  });

  it("do not take over the .part of a living one, but do that of a killed one", async () => {
    await mkdir(lab.folder, { recursive: true });
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const host = hostname().replaceAll(/[^\w.]/g, "_");
    const part = `${FILE}.${host}-${child.pid}-0123abcd.part`;
    try {
      await writeFile(join(lab.folder, part), lab.contents().subarray(0, 2500));
      await lab.fetchIt();
      expect(lab.ranges(lab.server)).toEqual([undefined]);
      expect(await readdir(lab.folder)).toContain(part);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(join(lab.folder, FILE));
    await lab.fetchIt();
    expect(await lab.isWhole()).toBe(true);
    expect(lab.ranges(lab.server)).toEqual([undefined, "bytes=2500-"]);
  });
});
