/** The data sets a spec may name: where they are published, what the files must be, and on which terms they may be used. */
import type { DatasetName } from "@pclab/core";

/**
 * The four files of a data set, in the order in which everything that walks over them does so; the sha256 of a data set
 * depends on this order. They stand in `<datasets folder>/<data set>/`, as they are or with `.gz` appended.
 */
export const DATASET_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;
export type DatasetFile = (typeof DATASET_FILES)[number];

/** A file as published: gzip-compressed. */
export interface PublishedFile {
  bytes: number;
  md5: string;
}

export interface CatalogueEntry {
  name: DatasetName;
  title: string;
  homepage: string;
  licence: string;
  trainCount: number;
  testCount: number;
  /** Base URLs, the publisher's own first; `<base>/<file>.gz` is a file. */
  sources: readonly string[];
  files: Readonly<Record<DatasetFile, PublishedFile>>;
}

export const CATALOGUE: Readonly<Record<DatasetName, CatalogueEntry>> = {
  mnist: {
    name: "mnist",
    title: "MNIST",
    homepage: "http://yann.lecun.com/exdb/mnist/",
    licence:
      "by Yann LeCun, Corinna Cortes and Christopher J. C. Burges; the publishers name no licence",
    trainCount: 60_000,
    testCount: 10_000,
    // The authors' own page no longer serves the files; both of these are the mirrors that it and PyTorch point to.
    sources: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: {
      "train-images-idx3-ubyte": { bytes: 9_912_422, md5: "f68b3c2dcbeaaa9fbdd348bbdeb94873" },
      "train-labels-idx1-ubyte": { bytes: 28_881, md5: "d53e105ee54ea40749a09fcbcd1e9432" },
      "t10k-images-idx3-ubyte": { bytes: 1_648_877, md5: "9fb629c4189551a2d022fa330f9573f3" },
      "t10k-labels-idx1-ubyte": { bytes: 4_542, md5: "ec29112dd5afa0611ce80d1b7f02629c" },
    },
  },
  "fashion-mnist": {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    homepage: "https://github.com/zalandoresearch/fashion-mnist",
    licence: "MIT, Zalando SE",
    trainCount: 60_000,
    testCount: 10_000,
    // The publisher's bucket, its repository, and the copy that Keras downloads.
    sources: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
    files: {
      "train-images-idx3-ubyte": { bytes: 26_421_880, md5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d" },
      "train-labels-idx1-ubyte": { bytes: 29_515, md5: "25c81989df183df01b3e8a0aad5dffbe" },
      "t10k-images-idx3-ubyte": { bytes: 4_422_102, md5: "bef4ecab320f06d8554ea6380940ec79" },
      "t10k-labels-idx1-ubyte": { bytes: 5_148, md5: "bb300cfdad3c16e7a12a480ee83cd310" },
    },
  },
};
