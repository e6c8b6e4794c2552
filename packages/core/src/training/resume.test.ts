/**
 * Exact resume: a run cut at any checkpoint and resumed ends with the same bytes and the same metric rows, but for the
 * clocks. What breaks this breaks every recovery of the lab.
 */
import { describe, expect, test } from "vitest";
import type { ExperimentSpec } from "../experiment/spec.js";
import { ALGORITHMS, OPTIMISERS } from "../experiment/vocabulary.js";
import { type LoopState, readCheckpoint } from "./checkpoint.js";
import type { MetricRow } from "./events.js";
import { readSafetensors } from "./safetensors.js";
import {
  eventsOf,
  finalBytesOf,
  rowsOf,
  smallOptions,
  smallSpec,
  withoutClocks,
} from "./smallRun.js";
import { type TrainingOptions, train } from "./train.js";

interface Cut {
  bytes: Uint8Array;
  /** Rows given out before the cut. */
  rows: MetricRow[];
}

/** The undisturbed run, with a checkpoint after every minibatch. */
const undisturbed = async (spec: ExperimentSpec): Promise<{ cuts: Cut[]; final: Cut }> => {
  const options = smallOptions(spec);
  const cuts: Cut[] = [];
  const rows: MetricRow[] = [];
  for await (const event of train(options)) {
    options.control.checkpointRequested = true;
    if (event.type === "metrics") rows.push(...event.rows);
    if (event.type === "checkpoint") cuts.push({ bytes: event.bytes, rows: [...rows] });
  }
  const final = cuts.pop();
  if (final === undefined) throw new Error("no checkpoint at all");
  return { cuts, final };
};

const withoutClockState = (loop: LoopState): unknown => ({
  ...loop,
  clocks: null,
  sinceEvaluation: { ...loop.sinceEvaluation, trainSeconds: 0 },
});

const expectSameEnd = (spec: ExperimentSpec, actual: Cut, expected: Cut): void => {
  const [left, right] = [actual, expected].map(({ bytes }) => ({
    tensors: readSafetensors(bytes).tensors,
    loop: readCheckpoint(bytes, spec).loop,
  }));
  expect(left.tensors.map(({ name }) => name)).toEqual(right.tensors.map(({ name }) => name));
  left.tensors.forEach(({ values, name }, index) => {
    const [bytes, others] = [values, right.tensors[index].values].map((v) => Buffer.from(v.buffer));
    expect(bytes.equals(others), name).toBe(true);
  });
  expect(withoutClockState(left.loop)).toEqual(withoutClockState(right.loop));
  expect(withoutClocks(actual.rows)).toEqual(withoutClocks(expected.rows));
};

describe.each(ALGORITHMS)("%s", (algorithm) => {
  test.each(OPTIMISERS)("with %s resumes exactly from every minibatch", async (optimiser) => {
    const spec = smallSpec({
      algorithm,
      optimiser,
      bias: true,
      weight_decay: 1e-3,
      schedule: { warmup_cosine: { warmup: 0.2, final: 0.1 } },
    });
    const { cuts, final } = await undisturbed(spec);
    // Six minibatches an epoch, two epochs, an evaluation every three: cuts in mid-epoch and between evaluations.
    expect(cuts).toHaveLength(11);
    for (const cut of cuts) {
      const events = await eventsOf({ ...smallOptions(spec), checkpoint: cut.bytes });
      const resumed = { bytes: finalBytesOf(events), rows: [...cut.rows, ...rowsOf(events)] };
      expectSameEnd(spec, resumed, final);
    }
  });
});

test("three cuts in a row end the same", async () => {
  const spec = smallSpec({ algorithm: "pc_rc23" });
  const { final } = await undisturbed(spec);
  let checkpoint: Uint8Array | null = null;
  const rows: MetricRow[] = [];
  for (const minibatches of [2, 3, 4, 100]) {
    const options: TrainingOptions = { ...smallOptions(spec), checkpoint };
    let done = 0;
    for await (const event of train(options)) {
      if (event.type === "progress") done += 1;
      options.control.checkpointRequested = done === minibatches;
      if (event.type === "metrics") rows.push(...event.rows);
      if (event.type !== "checkpoint") continue;
      checkpoint = event.bytes;
      break;
    }
  }
  expectSameEnd(spec, { bytes: checkpoint ?? new Uint8Array(), rows }, final);
});

test("what validated best is the same after a cut, wherever it falls", async () => {
  const spec = smallSpec({ algorithm: "bp", keep_best: true, learning_rate: 0.05 });
  const { cuts, final } = await undisturbed(spec);
  expect(readCheckpoint(final.bytes, spec).loop.best).not.toBeNull();
  for (const cut of cuts) {
    const events = await eventsOf({ ...smallOptions(spec), checkpoint: cut.bytes });
    const resumed = { bytes: finalBytesOf(events), rows: [...cut.rows, ...rowsOf(events)] };
    expectSameEnd(spec, resumed, final);
  }
});

test("a run resumed from its final checkpoint is finished at once, and trains nothing", async () => {
  const spec = smallSpec({ algorithm: "pc" });
  const { final } = await undisturbed(spec);
  const events = await eventsOf({ ...smallOptions(spec), checkpoint: final.bytes });
  expect(events.map(({ type }) => type)).toEqual(["finished"]);
});

test("the clocks are carried and never fall", async () => {
  const spec = smallSpec({ algorithm: "bp" });
  const { cuts } = await undisturbed(spec);
  const cut = cuts[6];
  const before = readCheckpoint(cut.bytes, spec).loop.clocks;
  const events = await eventsOf({ ...smallOptions(spec), checkpoint: cut.bytes, slots: 2 });
  const reading = (name: string): number[] =>
    rowsOf(events).flatMap((row) => (row.name === name ? [row.value] : []));
  expect(before.trainSeconds).toBeGreaterThan(0);
  expect(reading("train_seconds")[0]).toBeGreaterThan(before.trainSeconds);
  expect(reading("thread_seconds")[0]).toBeGreaterThan(before.threadSeconds);
  expect(reading("wall_seconds")[0]).toBeGreaterThan(before.wallSeconds);
  const wall = reading("wall_seconds")[0] - before.wallSeconds;
  expect(reading("slot_seconds")[0] - before.slotSeconds).toBeCloseTo(2 * wall, 9);
});
