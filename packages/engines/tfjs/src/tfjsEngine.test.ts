import { ALGORITHMS, type Engine, EngineError, OPTIMISERS } from "@pclab/core";
import { conformanceCases } from "@pclab/core/conformance";
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { tfjsEngine } from "./index.js";
import { BATCH_SIZE, examplesOf, initialStateOf, optionsOf, settingsOf } from "./smallNetwork.js";
import { TOLERANCES } from "./tolerances.js";

const factory = tfjsEngine("cpu");
const examples = examplesOf(BATCH_SIZE);
const minibatch = { examples, indices: Uint32Array.of(0, 1, 2, 3) };

describe("the tfjs engine in plain JavaScript", () => {
  for (const { name, run } of conformanceCases(factory, TOLERANCES)) test(name, run);

  test("is named for its backend", async () => {
    expect(factory.id).toBe("tfjs/cpu");
    const engine = await factory.create(optionsOf(settingsOf()));
    expect(engine.id).toBe("tfjs/cpu");
    await engine.dispose();
  });
});

describe("tensors", () => {
  /** Everything that an engine can be asked for. */
  const work = async (engine: Engine, replica: number): Promise<void> => {
    const minibatches = Array.from({ length: engine.replicaCount }, (_, index) =>
      index === replica ? minibatch : null,
    );
    await engine.trainMinibatch(minibatches);
    await engine.evaluate(replica, examples, { first: 0, count: BATCH_SIZE });
    await engine.gradients(replica, minibatch, "pc");
    await engine.gradients(replica, minibatch, "bp");
    await engine.tracePhase(replica, minibatch, true);
    await engine.loadState(replica, await engine.readState(replica));
  };

  test.each(ALGORITHMS)("%s keeps none beyond its state, whatever it does", async (algorithm) => {
    const before = memory().numTensors;
    const { inference } = settingsOf({ algorithm });
    const replicas = OPTIMISERS.map((optimiser, index) => {
      const tolerance = index % 2 === 0 ? 0 : 1e-3;
      return settingsOf({ algorithm, optimiser, inference: { ...inference, tolerance } });
    });
    const engine = await factory.create(optionsOf(...replicas));
    for (const [replica, settings] of replicas.entries()) {
      await engine.loadState(replica, initialStateOf(settings));
    }
    const { numTensors: held, numBytes: heldBytes } = memory();
    expect(held).toBeGreaterThan(before);
    for (let round = 0; round < 5; round++) {
      for (const replica of replicas.keys()) await work(engine, replica);
      expect(memory()).toMatchObject({ numTensors: held, numBytes: heldBytes });
    }
    await engine.dispose();
    expect(memory().numTensors).toBe(before);
  });

  test("are freed where a minibatch or a state is refused, and where a network diverges", async () => {
    const before = memory().numTensors;
    const wild = settingsOf({ algorithm: "pc_rc2", learningRate: 1e300 });
    const engine = await factory.create(optionsOf(wild));
    await engine.loadState(0, initialStateOf(wild));
    const held = memory().numTensors;
    const wrong = { ...minibatch, indices: Uint32Array.of(BATCH_SIZE) };
    await expect(engine.trainMinibatch([wrong])).rejects.toThrow("indices[0]");
    await expect(engine.loadState(0, { layers: [], weightUpdates: 0 })).rejects.toThrow("0 layers");
    const [report] = await engine.trainMinibatch([minibatch]);
    expect(report?.divergence).toEqual({ weightUpdate: 1, layer: 1, quantity: "weights" });
    expect(report).toMatchObject({ weightUpdates: 1, inference: null });
    expect(memory().numTensors).toBe(held);
    await engine.dispose();
    await engine.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe("calls", () => {
  test("made at once are done one after the other", async () => {
    const engine = await factory.create(optionsOf(settingsOf()));
    await engine.loadState(0, initialStateOf(settingsOf()));
    const [, , state] = await Promise.all([
      engine.trainMinibatch([minibatch]),
      engine.trainMinibatch([minibatch]),
      engine.readState(0),
    ]);
    expect(state.weightUpdates).toBe(4);
    await engine.dispose();
  });

  test("for a replica that there is not, or after the end, are refused", async () => {
    const engine = await factory.create(optionsOf(settingsOf()));
    await expect(engine.readState(1)).rejects.toThrow("no replica 1: the engine has 1");
    await engine.dispose();
    await expect(engine.readState(0)).rejects.toThrow("0 once disposed");
  });

  test.each([
    ["an index past the last example", { indices: Uint32Array.of(9) }, /indices\[0\] is 9 of 8/],
    ["an empty minibatch", { indices: new Uint32Array(0) }, /minibatch of 0/],
    ["a minibatch over the engine's size", { indices: new Uint32Array(9) }, /made for 8/],
    [
      "inputs of another width",
      { examples: { ...examples, inputs: new Uint8Array(8 * 19 + 1) } },
      /multiple of 19/,
    ],
    [
      "targets of another width",
      { examples: { ...examples, targets: new Float64Array(8) } },
      /targets has 8 elements, expected 80/,
    ],
  ])("with %s are refused and change nothing", async (_, wrong, message) => {
    const engine = await factory.create(optionsOf(settingsOf()));
    await expect(engine.trainMinibatch([{ ...minibatch, ...wrong }])).rejects.toThrow(message);
    expect((await engine.readState(0)).weightUpdates).toBe(0);
    await engine.dispose();
  });

  test("with an index past the last example are refused in an evaluation too", async () => {
    const engine = await factory.create(optionsOf(settingsOf()));
    const range = { first: 4, count: BATCH_SIZE };
    await expect(engine.evaluate(0, examples, range)).rejects.toThrow(/is 8 of 8/);
    await engine.dispose();
  });
});

test("a method of inference that it lacks is refused by its field, but for bp, which infers nothing", async () => {
  const inference = { ...settingsOf().inference, method: "gauss_newton" as const };
  const refusal = factory.create(optionsOf(settingsOf({ algorithm: "pc", inference })));
  await expect(refusal).rejects.toThrow(EngineError);
  await expect(refusal).rejects.toThrow("no inference.method 'gauss_newton'");
  const engine = await factory.create(optionsOf(settingsOf({ algorithm: "bp", inference })));
  await engine.dispose();
});

test("a process has one backend: the other is refused once an engine was made", async () => {
  const { startBackend } = await import("./backend.js");
  await factory.create(optionsOf()).then((engine) => engine.dispose());
  await expect(startBackend("tensorflow")).rejects.toThrow(/tfjs\/cpu already.*one backend/);
});
