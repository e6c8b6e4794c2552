/** The compiled addon: its functions as cpp/addon/functions.h lists them, and how it is found. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ExampleSet } from "@pclab/core";

/** An engine inside the addon. */
export type Handle = object;

type Inputs = ExampleSet["inputs"];

/** Jobs run off the event loop and fill the arrays they are given; an engine takes one at a time. */
export interface Addon {
  instructionSets(): string[];
  create(
    instructionSet: string,
    sizes: Int32Array,
    shape: Float64Array,
    batchSize: number,
    settings: Float64Array,
  ): Handle;
  dispose(engine: Handle): void;
  loadState(
    engine: Handle,
    threads: number,
    replica: number,
    tensors: Float32Array[],
    weightUpdates: number,
  ): Promise<void>;
  readState(
    engine: Handle,
    threads: number,
    replica: number,
    tensors: Float32Array[],
    weightUpdates: Float64Array,
  ): Promise<void>;
  train(...words: [...ExampleWords, report: Float64Array]): Promise<void>;
  evaluate(...words: [...ExampleWords, result: Float64Array]): Promise<void>;
  gradients(...words: [...ExampleWords, ofLoss: 0 | 1, gradients: Float32Array[]]): Promise<void>;
  trace(
    ...words: [
      ...ExampleWords,
      withWeightUpdates: 0 | 1,
      energies: Float64Array,
      measures: Float64Array,
      activities: Float32Array[],
      pc: Float32Array[],
      bp: Float32Array[],
    ]
  ): Promise<void>;
  measurePeak(
    instructionSet: string,
    threads: number,
    milliseconds: number,
    result: Float64Array,
  ): Promise<void>;
  /** Bytes that all engines of the process hold. */
  allocatedBytes(): number;
}

export type ExampleWords = [
  engine: Handle,
  threads: number,
  replica: number,
  inputs: Inputs,
  inputScale: number,
  inputOffset: number,
  targets: Float64Array,
  indices: Uint32Array,
];

/** Below the package, from src and from dist alike. */
const fileBelowPackage = (path: string): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));

type Loaded = { addon: Addon } | { problem: string };

const load = (): Loaded => {
  const file = fileBelowPackage("build/Release/pclab_native.node");
  if (!existsSync(file)) return { problem: notBuilt() };
  try {
    return { addon: createRequire(import.meta.url)(file) as Addon };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { problem: `the native engine does not load: ${detail}; run ${REBUILD}` };
  }
};

const REBUILD = "`node packages/engines/native/install.mjs`";

/** The installation left its reason. */
const notBuilt = (): string => {
  const reasonFile = fileBelowPackage("build/unavailable.txt");
  const wayOut = `install a C++20 compiler, make and Python 3, then run ${REBUILD}`;
  if (!existsSync(reasonFile)) return `the native engine is not built; ${wayOut}`;
  const lines = readFileSync(reasonFile, "utf8").trim().split("\n");
  const telling = lines.find((line) => /error|not found/i.test(line)) ?? lines.at(-1) ?? "";
  return `the native engine could not be built (${telling.trim()}); ${wayOut}`;
};

let loaded: Loaded | null = null;

/** Loaded once, when somebody asks. */
export const loadAddon = (): Loaded => (loaded ??= load());
