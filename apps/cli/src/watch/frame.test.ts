import type { RunBody, SweepBody } from "@pclab/contracts";
import { describe, expect, test } from "vitest";
import { styleOf } from "../output/style.js";
import { stringWidth } from "../output/text.js";
import { renderFrame } from "./frame.js";
import { Histories } from "./histories.js";
import { heightOf } from "./screen.js";
import type { Snapshot } from "./snapshot.js";

const runOf = (index: number, part: Partial<RunBody>): RunBody =>
  ({
    id: `run_${index}`,
    index,
    name: "pc_8_2",
    state: "running",
    reason: null,
    spec: { algorithm: "pc", seed: index, learning_rate: 0.001 },
    progress: {
      epoch: 1,
      weight_updates: 10,
      total_weight_updates: 20,
      fraction: 0.5,
      seconds_left: 12,
    },
    metrics: { validation_accuracy: 0.7 },
    poll_after_ms: 1000,
    ...part,
  }) as RunBody;

const snapshotOf = (runs: RunBody[], part: Partial<Snapshot> = {}): Snapshot => ({
  named: { kind: "swp", id: "swp_1", noun: "sweep", path: "/v1/sweeps/swp_1" },
  title: "bp against pc",
  state: "active",
  reason: null,
  isOver: false,
  fraction: 0.5,
  secondsLeft: null,
  tallies: ["0 of 2 runs ended", "2 running"],
  runs,
  body: {} as SweepBody,
  ...part,
});

const historiesOf = (runId: string, values: readonly number[]): Histories => {
  const histories = new Histories();
  values.forEach((accuracy, place) =>
    histories.addEvent({
      id: String(place),
      type: "metric",
      data: { run_id: runId, weight_update: place, metrics: { validation_accuracy: accuracy } },
    }),
  );
  return histories;
};

const options = {
  columns: 100,
  rows: 24,
  style: styleOf(false),
  histories: new Histories(),
  notice: null,
};

describe("a frame", () => {
  test("shows how far everything is, how each run went, and what is left", () => {
    const runs = [
      runOf(0, {}),
      runOf(1, { state: "failed", reason: "diverged", metrics: {}, poll_after_ms: null }),
    ];
    const frame = renderFrame(snapshotOf(runs), {
      ...options,
      histories: historiesOf("run_0", [0.1, 0.4, 0.7]),
    });
    expect(frame).toEqual([
      "bp against pc  swp_1  active",
      `${"█".repeat(15)}${"░".repeat(15)}  50 %  0 of 2 runs ended, 2 running`,
      "",
      "RUN     SEED  STATE             PROGRESS            ACCURACY     NOW  LEFT",
      "pc_8_2     0  running           ██████░░░░░░  50 %  ▁▅█       70.0 %  12 s",
      "pc_8_2     1  failed: diverged  ██████░░░░░░  50 %                 -      ",
    ]);
  });

  test("says in which fields runs of one name differ", () => {
    const spec = { ...runOf(0, {}).spec, learning_rate: 0.1 };
    const frame = renderFrame(snapshotOf([runOf(0, {}), runOf(1, { spec })]), options);
    expect(frame[3]).toContain("LEARNING_RATE");
    expect(frame[4]).toMatch(/^pc_8_2 +0\.001 /);
  });

  test.each([40, 60, 80, 200])("no line is wider than %d columns", (columns) => {
    const runs = Array.from({ length: 5 }, (_, index) => runOf(index, {}));
    const title = "a name that is longer than any terminal is wide, ".repeat(5);
    const frame = renderFrame(snapshotOf(runs, { title }), {
      ...options,
      columns,
      notice: "n".repeat(300),
    });
    for (const line of frame) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    expect(heightOf(frame, columns)).toBe(frame.length);
  });

  test("fits the terminal: what moves comes first, then what failed; the rest is counted", () => {
    const runs = Array.from({ length: 1000 }, (_, index) =>
      runOf(index, {
        state: index === 990 ? "running" : index === 5 ? "failed" : "queued",
        poll_after_ms: index === 5 ? null : 1000,
      }),
    );
    const frame = renderFrame(snapshotOf(runs), { ...options, rows: 12 });
    expect(frame.length).toBeLessThanOrEqual(12);
    expect(frame[4]).toMatch(/990 +running/);
    expect(frame[5]).toMatch(/ 5 +failed/);
    expect(frame.at(-1)).toBe("… and 994 more");
  });

  test("a run that waits at a rung does not move: it comes after those that do and those that failed", () => {
    const states = ["waiting_search", "succeeded", "failed", "running", "waiting_search"] as const;
    const runs = states.map((state, index) =>
      runOf(index, { state, poll_after_ms: ["failed", "succeeded"].includes(state) ? null : 1000 }),
    );
    const frame = renderFrame(snapshotOf(runs), { ...options, rows: 10 });
    expect(frame.slice(4, 8).map((line) => line.split(/ +/)[2])).toEqual([
      "running",
      "failed",
      "waiting_search",
      "waiting_search",
    ]);
  });

  test("a name of somebody else's cannot reach the terminal's controls", () => {
    const frame = renderFrame(snapshotOf([], { title: "\u001b]0;x\u0007" }), options);
    expect(frame.join("")).not.toContain("\u001b");
  });
});

test("a point that a resumed run measures again counts once", () => {
  const histories = historiesOf("run_0", [0.1, 0.4]);
  histories.addEvent({
    id: "9",
    type: "metric",
    data: { run_id: "run_0", weight_update: 1, metrics: { validation_accuracy: 0.4 } },
  });
  expect(histories.of("run_0")).toEqual([0.1, 0.4]);
  expect(histories.range()).toEqual({ low: 0.1, high: 0.4 });
});

test("lines that a narrower terminal has wrapped take more rows", () => {
  expect(heightOf(["\u001b[1mabcdef\u001b[22m", "", "abc"], 3)).toBe(4);
});
