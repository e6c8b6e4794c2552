/** A run that stops at rungs is the run that never stopped: the schedule, the totals and every byte are those of its full length. */
import { expect, test } from "vitest";
import { ALGORITHMS } from "../experiment/vocabulary.js";
import { readSafetensors } from "./safetensors.js";
import {
  eventsOf,
  finalBytesOf,
  rowsOf,
  smallOptions,
  smallSpec,
  withoutClocks,
} from "./smallRun.js";

const tensorsOf = (bytes: Uint8Array) =>
  readSafetensors(bytes).tensors.map(({ name, values }) => ({
    name,
    bytes: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex"),
  }));

test.each(ALGORITHMS)("%s promoted twice ends as if it had never stopped", async (algorithm) => {
  const spec = smallSpec({
    algorithm,
    epochs: 4,
    evaluate_every: 1,
    schedule: { warmup_cosine: { warmup: 0.1, final: 0 } },
  });
  const whole = await eventsOf(smallOptions(spec));
  const rows = [];
  let checkpoint: Uint8Array | null = null;
  for (const stopAfterEpochs of [1, 3]) {
    const events = await eventsOf({ ...smallOptions(spec), checkpoint, stopAfterEpochs });
    const [last, end] = events.slice(-2);
    expect(end).toMatchObject({
      type: "rung_reached",
      progress: { epoch: stopAfterEpochs, fraction: stopAfterEpochs / 4, secondsLeft: 0 },
    });
    if (last?.type !== "checkpoint") throw new Error("no checkpoint before the rung");
    expect(last).toMatchObject({ final: false, kept: false });
    // The rung has its evaluation.
    const weightUpdate = last.weightUpdate;
    expect(rowsOf(events).some((row) => row.weightUpdate === weightUpdate)).toBe(true);
    rows.push(...rowsOf(events));
    checkpoint = last.bytes;
  }
  const rest = await eventsOf({ ...smallOptions(spec), checkpoint, stopAfterEpochs: null });
  rows.push(...rowsOf(rest));
  expect(tensorsOf(finalBytesOf(rest))).toEqual(tensorsOf(finalBytesOf(whole)));
  expect(withoutClocks(rows)).toEqual(withoutClocks(rowsOf(whole)));
});

test("a run that stands at its rung already says so at once, and trains nothing", async () => {
  const spec = smallSpec({ algorithm: "bp", epochs: 2 });
  const [checkpoint] = (await eventsOf({ ...smallOptions(spec), stopAfterEpochs: 1 })).flatMap(
    (event) => (event.type === "checkpoint" ? [event.bytes] : []),
  );
  const again = await eventsOf({ ...smallOptions(spec), checkpoint, stopAfterEpochs: 1 });
  expect(again.map(({ type }) => type)).toEqual(["rung_reached"]);
});

test("a rung at or past the run's end is its end", async () => {
  const spec = smallSpec({ algorithm: "bp", epochs: 1 });
  const events = await eventsOf({ ...smallOptions(spec), stopAfterEpochs: 1 });
  expect(events.at(-1)?.type).toBe("finished");
});
