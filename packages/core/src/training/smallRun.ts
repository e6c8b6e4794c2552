/** What the tests of this folder train: a few dozen generated images on networks of a few units. */
import { type Dataset, createDataset } from "../data/dataset.js";
import { IMAGE_PIXELS, type IdxDataset } from "../data/idx.js";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import { parseSpec } from "../experiment/parseSpec.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { Generator } from "../random/generator.js";
import type { MetricRow, TrainingEvent } from "./events.js";
import { CLOCK_METRICS } from "./metrics.js";
import { type TrainingOptions, train } from "./train.js";

/** Each class lights pixels of its own, so that there is something to learn. */
const images = (count: number, seed: number): IdxDataset => {
  const generator = Generator.seeded(seed, "probes");
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 10);
  const pixels = Uint8Array.from({ length: count * IMAGE_PIXELS }, (_, at) => {
    const label = labels[Math.floor(at / IMAGE_PIXELS)];
    return generator.below(100) + (at % 10 === label ? 150 : 0);
  });
  return { count, images: pixels, labels };
};

export const smallSpec = (wire: Record<string, unknown>): ExperimentSpec => {
  const parsed = parseSpec({
    width: 6,
    depth: 2,
    train_size: 23,
    validation_size: 7,
    test_size: 9,
    batch_size: 4,
    epochs: 2,
    evaluate_every: 0.5,
    learning_rate: 1e-3,
    ...wire,
    ...(wire["algorithm"] === "bp" ? {} : { inference: { steps: 8, ...inferenceOf(wire) } }),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};

const inferenceOf = (wire: Record<string, unknown>): object => ({
  ...(String(wire["algorithm"]).includes("rc2") ? { update_every: 4 } : {}),
  ...(wire["inference"] as object | undefined),
});

const files = { train: images(30, 1), test: images(9, 2) };

export const smallDataset = (spec: ExperimentSpec): Dataset => createDataset(files, spec);

export const smallOptions = (spec: ExperimentSpec): TrainingOptions => {
  // A clock that moves by 5 ms whenever it is read.
  let nowMs = 1000;
  return {
    spec,
    dataset: smallDataset(spec),
    engine: referenceEngine,
    checkpoint: null,
    now: () => {
      nowMs += 5;
      return nowMs;
    },
    breathe: async () => {},
    control: { checkpointRequested: false, threads: 1 },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  };
};

export const eventsOf = async (options: TrainingOptions): Promise<TrainingEvent[]> => {
  const events: TrainingEvent[] = [];
  for await (const event of train(options)) events.push(event);
  return events;
};

export const rowsOf = (events: TrainingEvent[]): MetricRow[] =>
  events.flatMap((event) => (event.type === "metrics" ? event.rows : []));

export const withoutClocks = (rows: MetricRow[]): MetricRow[] =>
  rows.filter(({ name }) => !CLOCK_METRICS.includes(name));

export const finalBytesOf = (events: TrainingEvent[]): Uint8Array => {
  for (const event of events) if (event.type === "checkpoint" && event.final) return event.bytes;
  throw new Error("the run gave no final checkpoint");
};
