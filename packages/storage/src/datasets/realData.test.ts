/** On the real data sets, where PCLAB_DATASETS names a folder that holds them. */
import { DATASETS } from "@pclab/core";
import { describe, expect, it } from "vitest";
import { CATALOGUE } from "./catalogue.js";
import { loadDataset } from "./loadDataset.js";

const datasetsFolder = process.env["PCLAB_DATASETS"] ?? "";

/** Of all training pixels, 0..255, as their publishers and users state them. */
const TRAIN_MEANS = { mnist: 33.32, "fashion-mnist": 72.94 };

describe.runIf(datasetsFolder)("the real data sets (only with PCLAB_DATASETS)", () => {
  it.each(DATASETS)("%s has its published counts, classes and mean", async (name) => {
    const { train, test } = await loadDataset(name, { datasetsFolder });
    const { trainCount, testCount } = CATALOGUE[name];
    expect([train.count, test.count]).toEqual([trainCount, testCount]);

    let sum = 0;
    for (const pixel of train.images) sum += pixel;
    expect(sum / train.images.length).toBeCloseTo(TRAIN_MEANS[name], 2);
    expect(new Set(train.labels).size).toBe(10);
    expect(new Set(test.labels).size).toBe(10);
  });
});
