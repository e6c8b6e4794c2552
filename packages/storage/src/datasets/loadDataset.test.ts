import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { DatasetError, writeIdxLabels } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DATASET_FILES } from "./catalogue.js";
import { datasetIsPresent, resolveDatasetsFolder } from "./datasetsFolder.js";
import { MAX_DECODED_BYTES } from "./decodeFile.js";
import { createDatasetInspector, loadDataset } from "./loadDataset.js";
import { syntheticDataset, writeSyntheticDataset } from "./synthetic.js";

let datasetsFolder: string;
let folder: string;

beforeEach(async () => {
  datasetsFolder = await mkdtemp(join(tmpdir(), "pclab-datasets-"));
  folder = join(datasetsFolder, "mnist");
  await writeSyntheticDataset(folder, { train: 30, test: 20, seed: 1 });
});
afterEach(() => rm(datasetsFolder, { recursive: true }));

const load = () => loadDataset("mnist", { datasetsFolder });
async function loadError(): Promise<DatasetError> {
  const error: unknown = await load().then(
    () => new Error("the data set loaded"),
    (reason: unknown) => reason,
  );
  if (error instanceof DatasetError) return error;
  throw error;
}

describe("loadDataset", () => {
  it("gives back the images and labels that were written", async () => {
    const { train, test, name } = await load();
    expect(name).toBe("mnist");
    const written = syntheticDataset({ train: 30, test: 20, seed: 1 }).train;
    expect(train.count).toBe(30);
    expect(Buffer.compare(train.images, written.images)).toBe(0);
    expect([...train.labels]).toEqual([...written.labels]);
    expect(test.count).toBe(20);
  });

  it("hashes the decoded bytes of the four files in their fixed order", async () => {
    const hash = createHash("sha256");
    for (const file of DATASET_FILES) {
      hash.update(gunzipSync(await readFile(join(folder, `${file}.gz`))));
    }
    expect((await load()).sha256).toBe(hash.digest("hex"));
  });

  it("gives the same sha256 for raw files, and for files that were unpacked and kept the name .gz", async () => {
    const { sha256 } = await load();
    for (const [index, file] of DATASET_FILES.entries()) {
      const path = join(folder, `${file}.gz`);
      await writeFile(path, gunzipSync(await readFile(path)));
      if (index % 2 === 0) await rename(path, join(folder, file));
    }
    expect((await load()).sha256).toBe(sha256);
  });

  it("notices a single changed pixel in its sha256", async () => {
    const { sha256 } = await load();
    const path = join(folder, "t10k-images-idx3-ubyte.gz");
    const bytes = gunzipSync(await readFile(path));
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(path, gzipSync(bytes));
    expect((await load()).sha256).not.toBe(sha256);
  });
});

describe("a data set that is not all there", () => {
  it("is missing when the folder is, with both ways out", async () => {
    await rm(folder, { recursive: true });
    const error = await loadError();
    expect(error.code).toBe("dataset_missing");
    expect(error.message).toContain("npm run datasets -- mnist");
    expect(error.message).toContain("PCLAB_DATASETS=<folder>");
    expect(await datasetIsPresent("mnist", { datasetsFolder })).toBe(false);
  });

  it("is missing when one file is, and that one is named", async () => {
    expect(await datasetIsPresent("mnist", { datasetsFolder })).toBe(true);
    await rm(join(folder, "t10k-labels-idx1-ubyte.gz"));
    const error = await loadError();
    expect(error.code).toBe("dataset_missing");
    expect(error.value).toBe("no t10k-labels-idx1-ubyte");
    expect(await datasetIsPresent("mnist", { datasetsFolder })).toBe(false);
  });

  it("is unreadable, not missing, when a folder stands where a file should", async () => {
    const path = join(folder, "train-labels-idx1-ubyte.gz");
    await rm(path);
    await mkdir(path);
    expect((await loadError()).code).toBe("dataset_unreadable");
  });
});

describe("hostile files are refused with their path", () => {
  const path = () => join(folder, "train-labels-idx1-ubyte.gz");
  const refused = async (contents: Uint8Array) => {
    await writeFile(path(), contents);
    const error = await loadError();
    expect(error.file).toBe(path());
    return error;
  };

  it("a truncated gzip file", async () => {
    const whole = await readFile(path());
    expect((await refused(whole.subarray(0, -9))).code).toBe("dataset_gzip_invalid");
  });

  it("a gzip file with a flipped bit", async () => {
    const bytes = await readFile(path());
    const middle = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0x10, middle);
    expect((await refused(bytes)).code).toBe("dataset_gzip_invalid");
  });

  it("a web page saved under the file's name", async () => {
    const error = await refused(Buffer.from("<!DOCTYPE html><title>Sign in</title>"));
    expect(error.code).toBe("dataset_gzip_invalid");
  });

  it("an empty file", async () => {
    expect((await refused(Buffer.alloc(0))).code).toBe("dataset_gzip_invalid");
  });

  it("truncated IDX inside a sound gzip file", async () => {
    const idx = gunzipSync(await readFile(path()));
    expect((await refused(gzipSync(idx.subarray(0, -1)))).code).toBe("dataset_truncated");
  });

  it("labels of another count than the images", async () => {
    const error = await refused(gzipSync(writeIdxLabels(new Uint8Array(29))));
    expect(error.code).toBe("dataset_count_mismatch");
  });

  it("a gzip bomb: its memory is bounded before it is unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_DECODED_BYTES + 1), { level: 1 });
    expect(bomb.length).toBeLessThan(MAX_DECODED_BYTES / 100);
    expect((await refused(bomb)).code).toBe("dataset_too_large");
  });

  it("a giant raw file, which is not even read", async () => {
    await truncate(path(), MAX_DECODED_BYTES + 1);
    const error = await loadError();
    expect(error.code).toBe("dataset_too_large");
    expect(error.file).toBe(path());
  });
});

describe("the inspector", () => {
  it("tells counts and sha256 as loading does", async () => {
    const { sha256 } = await load();
    const summary = await createDatasetInspector({ datasetsFolder })("mnist");
    expect(summary).toEqual({ name: "mnist", trainCount: 30, testCount: 20, sha256 });
  });

  it("decodes once for many who ask at once, and again after a file changed", async () => {
    const inspect = createDatasetInspector({ datasetsFolder });
    const [first, second] = await Promise.all([inspect("mnist"), inspect("mnist")]);
    expect(second).toBe(first);
    expect(await inspect("mnist")).toBe(first);
    await writeSyntheticDataset(folder, { train: 40, test: 20, seed: 1 });
    expect((await inspect("mnist")).trainCount).toBe(40);
  });

  it("fails while the data are missing and works once they are there", async () => {
    const inspect = createDatasetInspector({ datasetsFolder });
    await expect(inspect("fashion-mnist")).rejects.toMatchObject({ code: "dataset_missing" });
    await writeSyntheticDataset(join(datasetsFolder, "fashion-mnist"), {
      train: 10,
      test: 10,
      seed: 2,
    });
    expect((await inspect("fashion-mnist")).trainCount).toBe(10);
  });
});

describe("the datasets folder", () => {
  it("is PCLAB_DATASETS where that is set, else datasets in the lab's home", () => {
    expect(resolveDatasetsFolder({ override: "/data", home: "/lab" })).toBe("/data");
    expect(resolveDatasetsFolder({ override: undefined, home: "/lab" })).toBe("/lab/datasets");
    expect(resolveDatasetsFolder({ override: "", home: "/lab" })).toBe("/lab/datasets");
  });

  it("is absolute even for a relative home", () => {
    const resolved = resolveDatasetsFolder({ override: undefined, home: ".pclab" });
    expect(resolved).toBe(join(process.cwd(), ".pclab/datasets"));
  });
});
