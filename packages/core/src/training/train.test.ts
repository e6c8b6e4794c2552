import { describe, expect, test } from "vitest";
import { ALGORITHMS } from "../experiment/vocabulary.js";
import { DivergedError } from "./divergedError.js";
import type { TrainingEvent } from "./events.js";
import { METRIC_NAMES } from "./metrics.js";
import { eventsOf, rowsOf, smallOptions, smallSpec, withoutClocks } from "./smallRun.js";
import { train } from "./train.js";

const of = <T extends TrainingEvent["type"]>(events: TrainingEvent[], type: T) =>
  events.filter((event): event is Extract<TrainingEvent, { type: T }> => event.type === type);

const values = (events: TrainingEvent[], name: string): number[] =>
  rowsOf(events)
    .filter((row) => row.name === name && row.layer === null)
    .map((row) => row.value);

describe("a run", () => {
  test("learns: the loss falls and the generated classes are told apart", async () => {
    for (const algorithm of ALGORITHMS) {
      const rate = algorithm.includes("rc2") ? 2e-3 : 1e-2;
      const spec = smallSpec({ algorithm, learning_rate: rate, epochs: 20, width: 16 });
      const events = await eventsOf(smallOptions(spec));
      const losses = values(events, "train_loss");
      expect(losses.at(-1), algorithm).toBeLessThan(0.5 * losses[0]);
      expect(values(events, "test_accuracy").at(-1), algorithm).toBeGreaterThanOrEqual(7 / 9);
    }
  });

  test("records every metric of the list, per layer where the list says so", async () => {
    const spec = smallSpec({ algorithm: "pc_rc23", epochs: 1, evaluate_every: 1 });
    const rows = rowsOf(await eventsOf(smallOptions(spec)));
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(METRIC_NAMES));
    const layersOf = (name: string) =>
      rows.filter((row) => row.name === name).map(({ layer }) => layer);
    expect(layersOf("weight_movement")).toEqual([1, 2, 3]);
    expect(layersOf("energy")).toEqual([null, 1, 2, 3]);
    expect(layersOf("variance_min")).toEqual([1, 2, 3]);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    const total = rows.find((row) => row.name === "quadratic_energy" && row.layer === null);
    const layers = rows.filter((row) => row.name === "quadratic_energy" && row.layer !== null);
    expect(layers.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(total?.value ?? 0, 12);
  });

  test("of bp records no energies", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    const names = new Set(rowsOf(await eventsOf(smallOptions(spec))).map(({ name }) => name));
    expect(names.has("train_loss")).toBe(true);
    expect([...names].filter((name) => /energy|inference|variance/.test(name))).toEqual([]);
  });

  test("without validation images records no validation metrics", async () => {
    const spec = smallSpec({ algorithm: "bp", validation_size: 0 });
    const names = new Set(rowsOf(await eventsOf(smallOptions(spec))).map(({ name }) => name));
    expect([...names].filter((name) => name.startsWith("validation"))).toEqual([]);
    expect(names.has("test_accuracy")).toBe(true);
  });

  test("evaluates every tenth of the first epoch and then once an epoch, and at the end", async () => {
    const spec = smallSpec({
      algorithm: "bp",
      train_size: 20,
      batch_size: 1,
      epochs: 3,
      evaluate_every: null,
    });
    const events = await eventsOf(smallOptions(spec));
    const tenths = [2, 4, 6, 8, 10, 12, 14, 16, 18, 20];
    expect(values(events, "weight_updates")).toEqual([...tenths, 40, 60]);
    expect(values(events, "epoch")).toEqual([...tenths.map((n) => n / 20), 2, 3]);
  });

  test("evaluates once at the end, also where no interval ends there", async () => {
    const spec = smallSpec({ algorithm: "bp", epochs: 1, evaluate_every: 0.4 });
    // Six minibatches an epoch: 2.4 and 4.8 of them are 0.4 and 0.8 epochs.
    expect(values(await eventsOf(smallOptions(spec)), "weight_updates")).toEqual([3, 5, 6]);
  });

  test("of weight_updates ends at the first minibatch boundary at or past them", async () => {
    const spec = smallSpec({ algorithm: "pc_rc2", epochs: null, weight_updates: 5 });
    const events = await eventsOf(smallOptions(spec));
    expect(of(events, "progress").map(({ progress }) => progress.weightUpdate)).toEqual([2, 4, 6]);
    expect(of(events, "progress").at(-1)?.progress).toMatchObject({
      totalWeightUpdates: 6,
      fraction: 1,
    });
  });

  test("reports progress after every minibatch and ends with a final checkpoint and `finished`", async () => {
    const events = await eventsOf(smallOptions(smallSpec({ algorithm: "bp" })));
    const progress = of(events, "progress").map((event) => event.progress);
    expect(progress).toHaveLength(12);
    expect(progress[5]).toMatchObject({ epoch: 1, weightUpdate: 6, fraction: 0.5 });
    expect(progress[5].secondsLeft).toBeGreaterThan(0);
    expect(progress[11].secondsLeft).toBe(0);
    expect(events.slice(-3).map(({ type }) => type)).toEqual(["metrics", "checkpoint", "finished"]);
    expect(of(events, "checkpoint").map(({ final }) => final)).toEqual([true]);
  });

  test("keeps as many checkpoints on the way as the spec asks for, evenly spaced", async () => {
    const events = await eventsOf(
      smallOptions(smallSpec({ algorithm: "bp", keep_checkpoints: 3 })),
    );
    const checkpoints = of(events, "checkpoint");
    expect(checkpoints.map(({ weightUpdate }) => weightUpdate)).toEqual([3, 6, 9, 12]);
    expect(checkpoints.map(({ kept }) => kept)).toEqual([true, true, true, false]);
    const plain = await eventsOf(smallOptions(smallSpec({ algorithm: "bp" })));
    expect(withoutClocks(rowsOf(events))).toEqual(withoutClocks(rowsOf(plain)));
  });

  test("with keep_best gives out a checkpoint at every evaluation that validated better than all before", async () => {
    const events = await eventsOf(
      smallOptions(smallSpec({ algorithm: "bp", keep_best: true, learning_rate: 0.001 })),
    );
    const rows = rowsOf(events);
    const at = (name: string) => rows.filter((row) => row.name === name).map(({ value }) => value);
    const accuracies = at("validation_accuracy");
    const losses = at("validation_loss");
    const updates = at("weight_updates");
    const better = updates.filter((_, index) =>
      accuracies
        .slice(0, index)
        .every(
          (accuracy, before) =>
            accuracy < accuracies[index] ||
            (accuracy === accuracies[index] && losses[before] > losses[index]),
        ),
    );
    const checkpoints = of(events, "checkpoint");
    const best = checkpoints.filter((checkpoint) => checkpoint.best);
    expect(better.length).toBeGreaterThan(1);
    expect(best.map(({ weightUpdate }) => weightUpdate)).toEqual(better);
    expect(checkpoints.filter(({ final }) => !final).every((checkpoint) => checkpoint.best)).toBe(
      true,
    );
    const plain = await eventsOf(
      smallOptions(smallSpec({ algorithm: "bp", learning_rate: 0.001 })),
    );
    expect(of(plain, "checkpoint").map((checkpoint) => checkpoint.best)).toEqual([false]);
    expect(withoutClocks(rows)).toEqual(withoutClocks(rowsOf(plain)));
  });

  test("keeps no more checkpoints than there are minibatches", async () => {
    const spec = smallSpec({ algorithm: "bp", epochs: 1, keep_checkpoints: 100 });
    const checkpoints = of(await eventsOf(smallOptions(spec)), "checkpoint");
    expect(checkpoints.map(({ weightUpdate }) => weightUpdate)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("depends on the seed alone", async () => {
    const rows = async (seed: number) => {
      const options = smallOptions(smallSpec({ algorithm: "pc", seed }));
      return withoutClocks(rowsOf(await eventsOf(options)));
    };
    expect(await rows(3)).toEqual(await rows(3));
    expect(await rows(3)).not.toEqual(await rows(4));
  });

  test("breathes between minibatches", async () => {
    let breaths = 0;
    const spec = smallSpec({ algorithm: "bp" });
    const breathe = async () => {
      breaths += 1;
    };
    await eventsOf({ ...smallOptions(spec), breathe });
    expect(breaths).toBeGreaterThanOrEqual(12);
  });

  test("hands its engine the threads of the moment before each minibatch, and counts them", async () => {
    const options = smallOptions(smallSpec({ algorithm: "bp", epochs: 1, evaluate_every: 1 }));
    const handed: number[] = [];
    const engine = {
      id: options.engine.id,
      create: async (engineOptions: Parameters<typeof options.engine.create>[0]) => {
        const made = await options.engine.create(engineOptions);
        made.setThreads = (count) => void handed.push(count);
        return made;
      },
    };
    const control = { checkpointRequested: false, threads: 3 };
    const events: TrainingEvent[] = [];
    for await (const event of train({ ...options, engine, control })) {
      if (event.type === "progress") control.threads = event.progress.weightUpdate < 4 ? 3 : 1;
      events.push(event);
    }
    expect(handed).toEqual([3, 3, 3, 3, 1, 1]);
    // The clock moves by 5 ms between its two readings around a minibatch.
    expect(values(events, "train_seconds").at(-1)).toBeCloseTo(6 * 0.005, 12);
    expect(values(events, "thread_seconds").at(-1)).toBeCloseTo((4 * 3 + 2) * 0.005, 12);
  });

  test("releases its engine when the caller leaves in the middle", async () => {
    let disposed = 0;
    const options = smallOptions(smallSpec({ algorithm: "bp" }));
    const engine = {
      id: options.engine.id,
      create: async (engineOptions: Parameters<typeof options.engine.create>[0]) => {
        const made = await options.engine.create(engineOptions);
        const dispose = made.dispose.bind(made);
        made.dispose = async () => {
          disposed += 1;
          await dispose();
        };
        return made;
      },
    };
    for await (const _ of train({ ...options, engine })) break;
    expect(disposed).toBe(1);
  });
});

describe("checkpoints", () => {
  test("come when the clock says so and when they are asked for", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    let nowMs = 0;
    const options = {
      ...smallOptions(spec),
      now: () => nowMs,
      checkpointEverySeconds: 4,
    };
    const updates: number[] = [];
    for await (const event of train(options)) {
      if (event.type === "progress") {
        // One second a minibatch; the ninth is followed by a request.
        nowMs += 1000;
        if (event.progress.weightUpdate === 9) options.control.checkpointRequested = true;
      }
      if (event.type === "checkpoint") updates.push(event.weightUpdate);
    }
    expect(updates).toEqual([4, 8, 9, 12]);
    expect(options.control.checkpointRequested).toBe(false);
  });
});

describe("divergence", () => {
  test.each([
    ["bp", { activation: "leaky_relu", optimiser: "sgd" }],
    ["pc", {}],
    ["pc_rc2", {}],
    ["pc_rc3", {}],
    ["pc_rc23", {}],
  ])(
    "%s at a rate of 1e9 ends with the step, the layer and the quantity",
    async (algorithm, wire) => {
      const spec = smallSpec({ algorithm, learning_rate: 1e9, epochs: 50, ...wire });
      const ended = await eventsOf(smallOptions(spec)).then(
        () => null,
        (error: unknown) => error,
      );
      expect(ended).toBeInstanceOf(DivergedError);
      const { divergence, message } = ended as DivergedError;
      expect(divergence.weightUpdate).toBeGreaterThanOrEqual(1);
      expect(["loss", "energy", "weights"]).toContain(divergence.quantity);
      expect(divergence.layer === null).toBe(divergence.quantity === "loss");
      expect(message).toContain(`after weight update ${divergence.weightUpdate}`);
      expect(message).toContain("lower learning_rate");
    },
  );
});
