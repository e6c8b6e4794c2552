/** A process that trains runs as a worker's child does, one in an engine of its own or several in a pack, and counts. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type DatasetFiles,
  type EngineFactory,
  createDataset,
  createPack,
  train,
} from "@pclab/core";
import { syntheticDataset } from "@pclab/storage";
import { type BenchEngineName, benchEngine } from "../engines.js";
import { type Model, specOf } from "../workload.js";

export interface PackingTurn {
  type: "turn";
  engine: BenchEngineName;
  model: Model;
  width: number;
  batch: number;
  /** One seed a run: more than one are a pack. */
  seeds: number[];
  /** Of this process. */
  threads: number;
}

export type ToPackingChild = PackingTurn | { type: "count"; seconds: number };

export type FromPackingChild =
  /** Every run has trained a few minibatches. */
  { type: "warm" } | { type: "counted"; minibatchesPerSecond: number; memoryMiB: number };

const WARM_UP_MINIBATCHES = 3;
const TRAIN_IMAGES = 2048;

process.on("disconnect", () => process.exit(0));

const counts: number[] = [];

const specOfRun = ({ model, width, batch }: PackingTurn, seed: number) =>
  specOf(
    model,
    { width, batch },
    { depth: 8, steps: 256, seed },
    {
      train_size: TRAIN_IMAGES,
      validation_size: 0,
      test_size: 16,
      // Longer than any turn: minibatches alone are measured.
      epochs: 10_000,
      evaluate_every: 10_000,
    },
  );

const trainOne = async (
  turn: PackingTurn,
  run: number,
  factory: EngineFactory,
  files: DatasetFiles,
): Promise<void> => {
  const spec = specOfRun(turn, turn.seeds[run] ?? 0);
  const events = train({
    spec,
    dataset: createDataset(files, spec),
    engine: factory,
    checkpoint: null,
    now: () => performance.now(),
    breathe: () => nextTurn(),
    // Each its part, as a worker shares its cores out; a pack's engine gets the sum.
    control: {
      checkpointRequested: false,
      threads: Math.max(1, Math.floor(turn.threads / turn.seeds.length)),
    },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  });
  for await (const event of events) {
    if (event.type !== "progress") continue;
    counts[run] = (counts[run] ?? 0) + 1;
    if (counts[run] === WARM_UP_MINIBATCHES) tellWhenWarm();
  }
};

const tell = (message: FromPackingChild): void => void process.send?.(message);

const tellWhenWarm = (): void => {
  if (counts.every((count) => count >= WARM_UP_MINIBATCHES)) tell({ type: "warm" });
};

const begin = async (turn: PackingTurn): Promise<void> => {
  const factory = benchEngine(turn.engine).factory();
  const files = syntheticDataset({ train: TRAIN_IMAGES, test: 16, seed: 0 });
  const specs = turn.seeds.map((seed) => specOfRun(turn, seed));
  const engines =
    specs.length === 1
      ? [factory]
      : createPack(factory, specs, { mostThreads: turn.threads }).map(({ engine }) => engine);
  counts.push(...engines.map(() => 0));
  await Promise.all(engines.map((engine, run) => trainOne(turn, run, engine, files)));
};

const count = (seconds: number): void => {
  counts.fill(0);
  const startMs = performance.now();
  setTimeout(() => {
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const minibatches = counts.reduce((sum, one) => sum + one, 0);
    tell({
      type: "counted",
      minibatchesPerSecond: minibatches / elapsedSeconds,
      memoryMiB: process.memoryUsage.rss() / 2 ** 20,
    });
  }, seconds * 1000);
};

process.on("message", (message: ToPackingChild) => {
  if (message.type === "count") count(message.seconds);
  else {
    begin(message).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`, () => process.exit(1));
    });
  }
});
